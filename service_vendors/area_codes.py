"""Where an area code is: its state or region, its main city, and which others are near.

The table is written by ``python -m tests.area_code_table`` from ``phonenumbers``' own data, and a
test compares. Its geocoder is never imported here: it would cost every process some 180 MB.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

TOLL_FREE: Final = ("800", "833", "844", "855", "866", "877", "888")

# A region a paragraph: its cities with their area codes, then codes of no one city.
_TABLE: Final = """\
Alabama: Birmingham 205; Mobile 251; Huntsville 256; Montgomery 334; Berry 659; 938
Alaska: Anchorage 907
Alberta: Calgary 403; Edmonton 780; 368 587 825
American Samoa: 684
Anguilla: 264
Antigua and Barbuda: 268
Arizona: Scottsdale 480; Tucson 520; Phoenix 602 623; Flagstaff 928
Arkansas: Fort Smith 479; Little Rock 501; Jonesboro 870; 327
Bahamas: 242
Barbados: 246
Bermuda: 441
British Columbia: Victoria 250; Vancouver 604; Surrey 778; 236 672
British Virgin Islands: 284
California: Modesto 209; Los Angeles 213 310 323; San Jose 408; San Francisco 415; Oakland 510;
 Yuba City 530; Fresno 559; Long Beach 562; San Diego 619 858; Pasadena 626; Redwood City 650;
 Bakersfield 661; Santa Rosa 707; Anaheim 714; Vista 760; Simi Valley 805; Burbank 818; Salinas
 831; Rancho Cucamonga 909; Sacramento 916; Pleasanton 925; Irvine 949; Riverside 951; 279 341
 350 369 424 442 628 657 669 738 747 820 840
Cayman Islands: 345
Colorado: Denver 303 720; Colorado Springs 719; Fort Collins 970; 748 983
Connecticut: New Haven 203; Hartford 860; 475 959
Delaware: Wilmington 302
Dominica: 767
Dominican Republic: 809 829 849
Florida: Naples 239; Miami 305 786; Melbourne 321; Ocala 352; Daytona Beach 386; Orlando 407;
 Boca Raton 561; St. Petersburg 727; Palm Beach 728; Port St. Lucie 772; Tampa 813; Tallahassee
 850; Lakeland 863; Jacksonville 904; Sarasota 941; Fort Lauderdale 954; 324 448 645 656 689 754
Georgia: Albany 229; Atlanta 404; Macon 478; Alpharetta 678 770; Augusta 706; Savannah 912; 470
 762 943
Grenada: 473
Guam: 671
Hawaii: Honolulu 808
Idaho: Boise 208; 986
Illinois: Springfield 217; North Chicago 224; Peoria 309; Chicago 312 773 872; Belleville 618;
 Aurora 630; Oak Park 708; Rockford 779 815; Schaumburg 847; 331 447 464 730
Indiana: Hammond 219; Fort Wayne 260; Indianapolis 317; Elkhart 574; Lafayette 765; Evansville
 812; 463 930
Iowa: Cedar Rapids 319; Des Moines 515; Davenport 563; Mason City 641; Sioux City 712
Jamaica: 658 876
Kansas: Wichita 316; Hutchinson 620; Topeka 785; Kansas City 913
Kentucky: Bowling Green 270; Louisville 502; Ashland 606; Lexington 859; 364
Louisiana: Baton Rouge 225; Shreveport 318; Lafayette 337; New Orleans 504; Houma 985
Maine: Portland 207
Manitoba: Winnipeg 204; 431 584
Maryland: Frederick 240; Bethesda 301; Baltimore 410 443; 227 667
Massachusetts: Springfield 413; Worcester 508; Boston 617 857; New Bedford 774; Woburn 781;
 Lowell 978; 339 351
Michigan: Muskegon 231; Troy 248; Kalamazoo 269; Detroit 313; Lansing 517; Sterling Heights 586;
 Grand Rapids 616; Ann Arbor 734; Flint 810; Marquette 906; Saginaw 989; 947
Minnesota: Duluth 218; Saint Cloud 320; Rochester 507; Minneapolis 612; Saint Paul 651; Elk
 River 763; Burnsville 952
Mississippi: Gulfport 228; Jackson 601 769; Tupelo 662
Missouri: St. Louis 314; Springfield 417; Columbia 573; St. Charles 636; Kirksville 660; Kansas
 City 816; 235 557 975
Montana: Billings 406
Montserrat: 664
Nebraska: Grand Island 308; Omaha 402; 531
Nevada: Las Vegas 702; Reno 775; 725
New Brunswick: Saint John 506; 428
New Hampshire: Manchester 603
New Jersey: Jersey City 201; Trenton 609; Toms River 732; Cherry Hill 856; East Orange 862;
 Elizabeth 908; Newark 973; 551 640 848
New Mexico: Albuquerque 505; Las Cruces 575
New York: New York 212 332 646 934; Syracuse 315; Brooklyn 347 718; Great Neck 516; Albany 518;
 Rochester 585; Binghamton 607; Deer Park 631; Jamestown 716; Poughkeepsie 845; White Plains
 914; 329 363 680 838 917 929
Newfoundland and Labrador: St. John's 709; 879
North Carolina: Greenville 252; Greensboro 336; Charlotte 704 980; Asheville 828; Wilmington
 910; Durham 919; 472 743 984
North Dakota: Fargo 701
Northern Mariana Islands: 670
Northwest Territories/Nunavut/Yukon: 867
Nova Scotia/Prince Edward Island: 782 902
Ohio: Cleveland 216 440; Akron 234 330; Toledo 419; Cincinnati 513; Columbus 614; Newark 740;
 Dayton 937; 220 283 326 380 567
Oklahoma: Oklahoma City 405; Lawton 580; Tulsa 918; 539 572
Ontario: London 226 519; Hamilton 289; Toronto 416 437 942; Ottawa 613; Greater Sudbury 705;
 Thunder Bay 807; Mississauga 905; 249 343 365 382 548 647 683 742 753
Oregon: Portland 503 971; Eugene 541; 458
Pennsylvania: Philadelphia 215 267 445; Pittsburgh 412; Allentown 484 610; Scranton 570;
 Harrisburg 717; Butler 724; Erie 814; 223 272 582 835 878
Puerto Rico: 787 939
Quebec: Montreal 263 438 514; Quebec City 418; Longueuil 450; Gatineau 819; 273 354 367 468 579
 581 873
Rhode Island: Providence 401
Saint Kitts and Nevis: 869
Saint Lucia: 758
Saint Vincent and the Grenadines: 784
Saskatchewan: Saskatoon 306; 474 639
Sint Maarten: 721
South Carolina: Columbia 803; Charleston 843; Greenville 864; 821 839 854
South Dakota: Rapid City 605
Tennessee: Chattanooga 423; Nashville 615; Jackson 731; Knoxville 865; Memphis 901; Clarksville
 931; 629
Texas: San Antonio 210 726; Dallas 214 972; Waco 254; Houston 281 713 832; Abilene 325; Corpus
 Christi 361; Beaumont 409; Odessa 432; Plano 469; Austin 512; Fort Worth 682 817; Amarillo 806;
 New Braunfels 830; Tyler 903; El Paso 915; Conroe 936; Wichita Falls 940; McAllen 956; Bryan
 979; 346 430 737 945
Trinidad and Tobago: 868
Turks and Caicos Islands: 649
US Virgin Islands: 340
Utah: St. George 435; Salt Lake City 801; 385
Vermont: Brattleboro 802
Virginia: Bristol 276; Charlottesville 434; Roanoke 540; Manassas 571; Alexandria 703; Virginia
 Beach 757; Richmond 804; 686 826 948
Washington: Seattle 206; Tacoma 253; Vancouver 360; Bellevue 425; Spokane 509; 564
Washington, D.C.: 202 771
West Virginia: Morgantown 304; 681
Wisconsin: Waukesha 262; Milwaukee 414; Madison 608; Eau Claire 715; Green Bay 920; 274 353 534
Wyoming: Casper 307
"""


@dataclass(frozen=True, slots=True)
class Area:
    """Where an area code is; ``city`` is "" where no one city can be named."""

    code: str
    region: str
    city: str = ""

    @property
    def title(self) -> str:
        """The area code with where it is, for a list."""
        place = ", ".join(part for part in (self.city, self.region) if part)
        return f"{self.code} ({place})" if place else self.code


def area(code: str) -> Area:
    """What is known of an area code; its region is "" when nothing is."""
    return _areas().get(code, Area(code, ""))


def region_of(code: str) -> str:
    """The state or region of an area code, or ""."""
    return area(code).region


def nearby(code: str, most: int = 6) -> list[Area]:
    """Other area codes of the same city, then of the same region; none when it is unknown."""
    here = area(code)
    if not here.region:
        return []
    others = [one for one in _areas().values() if one.region == here.region and one.code != code]
    # Those of no one city lie over those that have one, mostly.
    others.sort(key=lambda one: (one.city != here.city or not here.city, one.city != "", one.code))
    return others[:most]


@cache
def _areas() -> dict[str, Area]:
    found = {code: Area(code, "Toll-free") for code in TOLL_FREE}
    for paragraph in _TABLE.replace("\n ", " ").splitlines():
        region, _, groups = paragraph.partition(": ")
        for group in groups.split("; "):
            words = group.split()
            codes = [word for word in words if word.isdecimal()]
            city = " ".join(words[: len(words) - len(codes)])
            found.update({code: Area(code, region, city) for code in codes})
    return dict(sorted(found.items()))
