"""What Bandwidth calls us with: its documentation's own samples, filled in.

https://dev.bandwidth.com/docs/messaging/webhooks/
"""

from __future__ import annotations

import json
from base64 import b64encode
from copy import deepcopy
from typing import Any, Final

from service_vendors.types import WebhookRequest

ADDRESS: Final = "bandwidth"

RECEIVED: Final[dict[str, Any]] = {
    "time": "2025-01-06T15:43:35.502180Z",
    "type": "message-received",
    "to": "+12345678902",
    "description": "Incoming message received",
    "message": {
        "id": "14762070468292kw2fuqty55yp2b2",
        "owner": "+12345678902",
        "applicationId": "93de2206-9669-4e07-948d-329f4b722ee2",
        "time": "2025-01-06T15:43:34.000000Z",
        "segmentCount": 1,
        "direction": "in",
        "to": ["+12345678902"],
        "from": "+12345678901",
        "text": "Hey, check out this SMS!",
    },
}
SENDING: Final[dict[str, Any]] = {
    "time": "2024-06-25T18:42:36.979456Z",
    "type": "message-sending",
    "to": "+15554443333",
    "description": "Message is sending to carrier.",
    "message": {
        "id": "1593110555875xo7watq5px6rbe5d",
        "owner": "+15552221111",
        "applicationId": "cfd4fb83-7531-4acc-b471-42d0bb76a65c",
        "time": "2024-06-25T18:42:35.876906Z",
        "segmentCount": 1,
        "direction": "out",
        "to": ["+15554443333"],
        "from": "+15552221111",
        "text": "",
        "media": ["https://dev.bandwidth.com/images/bandwidth-logo.png"],
        "tag": "your tag here",
    },
}
DELIVERED: Final[dict[str, Any]] = {
    "type": "message-delivered",
    "time": "2024-09-14T18:20:11.160744Z",
    "description": "Message delivered to handset.",
    "to": "+12345678902",
    "message": {
        "id": "14762070468292kw2fuqty55yp2b2",
        "time": "2024-09-14T18:20:11.160744Z",
        "to": ["+12345678902"],
        "from": "+12345678901",
        "text": "",
        "applicationId": "93de2206-9669-4e07-948d-329f4b722ee2",
        "owner": "+12345678902",
        "direction": "out",
        "segmentCount": 1,
    },
}
FAILED: Final[dict[str, Any]] = {
    "type": "message-failed",
    "time": "2024-12-18T16:51:27.704450Z",
    "description": "forbidden to country",
    "to": "+52345678903",
    "errorCode": 4432,
    "message": {
        "id": "14762070468292kw2fuqty55yp2b2",
        "time": "2024-12-18T16:51:27.704450Z",
        "to": ["+12345678902", "+52345678903"],
        "from": "+12345678901",
        "text": "",
        "applicationId": "93de2206-9669-4e07-948d-329f4b722ee2",
        "media": ["https://dev.bandwidth.com/images/bandwidth-logo.png"],
        "owner": "+12345678901",
        "direction": "out",
        "segmentCount": 1,
    },
}
RECEIVED_PICTURE: Final[dict[str, Any]] = {
    "time": "2024-09-14T18:20:45.160744Z",
    "type": "message-received",
    "to": "+12345678902",
    "description": "Incoming message received",
    "message": {
        "id": "14762070468292kw2fuqty55yp2b2",
        "owner": "+12345678902",
        "applicationId": "93de2206-9669-4e07-948d-329f4b722ee2",
        "time": "2024-09-14T18:20:45.160744Z",
        "segmentCount": 1,
        "direction": "in",
        "to": ["+12345678902", "+12345678903"],
        "from": "+12345678901",
        "text": "Hey, check out the MMS!",
        "media": [
            "https://messaging.bandwidth.com/api/v2/users/9900902/media/"
            "14762070468292kw2fuqty55yp2b2/0/bw.png"
        ],
    },
}


def filled(sample: dict[str, Any], message: dict[str, Any], **outside: Any) -> dict[str, Any]:
    """A sample with these values in the place of its own; None takes one out."""
    event = deepcopy(sample) | outside
    event["message"] |= message
    for part in (event, event["message"]):
        for name in [name for name, value in part.items() if value is None]:
            del part[name]
    return event


def call(events: Any, user: str, password: str, *, organization_id: int = 1) -> WebhookRequest:
    """The call that tells of events, proven by a user and a password."""
    proof = b64encode(f"{user}:{password}".encode()).decode()
    return WebhookRequest(
        address=ADDRESS,
        method="POST",
        url=f"https://texting.example.org/{ADDRESS}/{organization_id}",
        headers={"content-type": "application/json", "authorization": f"Basic {proof}"},
        body=json.dumps(events).encode(),
        organization_id=organization_id,
    )
