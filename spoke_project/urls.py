"""The host project's addresses: logging in, the operators' pages, and the app at the root."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path
from django.views.generic import RedirectView

admin.site.site_header = "Operators' pages"
admin.site.site_title = "Operators' pages"
admin.site.site_url = "/"

urlpatterns = [
    path("accounts/login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("accounts/login", RedirectView.as_view(pattern_name="login", query_string=True)),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("staff/", admin.site.urls),
    path("staff", RedirectView.as_view(pattern_name="admin:index")),
    path("", include("service_vendors.urls")),
]
