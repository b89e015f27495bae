"""A good answer of every function that reads, after the reference."""

from __future__ import annotations

from mimecast_requests_made import HASH

from mailroom.mimecast import capabilities as c

PERSON = {"emailAddress": "a@example.net", "displayableName": "A"}
DATE = "2025-01-14T09:01:02+0000"

SAMPLES = {
    c.GET_ACCOUNT: [{"accountCode": "C1", "region": "us", "maxRetention": 30, "packages": ["x", {"name": "y"}]}],
    c.TRACKING_SEARCH: [{"trackedEmails": [{
        "id": "eN1", "status": "held", "route": "inbound", "received": DATE, "sent": DATE, "subject": "x",
        "senderIP": "192.0.2.1", "attachments": True, "spamScore": 3, "fromEnv": PERSON, "fromHdr": PERSON,
        "to": [PERSON],
    }]}],
    c.GET_MESSAGE_INFO: [{
        "id": "eN1", "status": "held",
        "recipientInfo": {"messageInfo": {"to": ["a@example.com"], "transmissionInfo": "<pre>A: b</pre>"},
                          "txInfo": {"transmissionComponents": [{"fileName": "a", "txSize": 1}]}},
        "deliveredMessage": {"a@example.com": {"txInfo": {"txEvent": "x"}}}, "queueInfo": {"id": "eN2"},
        "spamInfo": {"spamScore": 1, "spamProcessingDetail": {"verdict": {"risk": "low", "categories": []}}},
    }],
    c.HOLD_LIST: [{
        "id": "eN1", "reason": "x", "reasonCode": "x", "from": PERSON, "fromHeader": PERSON, "to": PERSON,
        "subject": "x", "route": "INBOUND", "hasAttachments": False, "size": 1, "dateReceived": DATE, "policyInfo": "x",
    }],
    c.HOLD_SUMMARY: [{"policyInfo": "x", "numberOfItems": 42}],
    c.RELEASE_LOGS: [{"heldReleaseLogs": [{
        "id": "eN1", "status": "released", "released": DATE, "operator": PERSON, "fromEnv": PERSON, "to": [PERSON],
        "route": "inbound", "size": 1,
    }]}],
    c.PROCESSING_MESSAGES: [{"messages": [{
        "id": "eN1", "subject": "x", "fromEnv": PERSON, "fromHeader": PERSON, "to": [PERSON], "route": "inbound",
        "created": DATE, "nextAttempt": DATE, "attempts": 1, "info": "x",
    }]}],
    c.REJECTIONS: [{"id": "eN1", "fromEnv": PERSON, "to": [PERSON], "received": DATE, "rejectType": "x"}],
    c.EMAIL_QUEUES: [{"inboundEmailQueue": [{"date": DATE, "count": 3}], "outboundEmailQueue": []}],
    c.MESSAGE_DETAIL: [{"id": "eN1", "status": "x", "attachments": [{"id": "eN2", "size": 3, "sha256": HASH}]}],
    c.ARCHIVE_SEARCH: [{"items": [{
        "id": "eN1", "subject": "x", "receiveddate": DATE, "attachmentcount": 1, "displaytoaddresslist": [PERSON],
    }]}],
    c.ARCHIVE_MESSAGE_DETAIL: [{
        "id": "eN1", "from": PERSON, "to": [PERSON], "headers": [{"name": "A", "values": ["b"]}],
        "attachments": [{"id": "eN2"}],
    }],
    c.ARCHIVE_SEARCH_LOGS: [{"logs": [{"emailAddr": "a@example.com", "createTime": DATE, "searchText": "x"}]}],
    c.VIEW_LOGS: [{"logs": [{"viewer": "a@example.com", "viewed": DATE, "subject": "x"}]}],
    c.URL_LOGS: [{"clickLogs": [{
        "userEmailAddress": "a@example.com", "url": "http://x.example/", "action": "allow", "scanResult": "clean",
        "date": DATE, "route": "inbound", "emailPartsDescription": ["Body"], "tagMap": {},
    }]}],
    c.ATTACHMENT_LOGS: [{"attachmentLogs": [{"result": "safe", "date": DATE, "fileHash": HASH, "route": "inbound"}]}],
    c.IMPERSONATION_LOGS: [{"resultCount": 1, "impersonationLogs": [{
        "id": "eN1", "hits": 1, "identifiers": ["x"], "action": "hold", "eventTime": DATE, "taggedMalicious": True,
        "impersonationResults": [{"similarDomain": "x.example"}],
    }]}],
    c.DECODE_URL: [{"url": "http://bad.example.net/", "success": True}],
    c.LIST_MANAGED_URLS: [{"id": "eN1", "scheme": "http", "domain": "x.example", "port": -1, "path": "/",
                           "queryString": "", "action": "block", "matchType": "explicit", "disableRewrite": False}],
    c.GET_INCIDENT: [{
        "id": "eN1", "code": "TR-1", "type": "manual", "reason": "x", "identified": 3, "successful": 1, "failed": 0,
        "restored": 0, "create": DATE, "modified": DATE, "searchCriteria": {"fileHash": HASH, "start": DATE},
    }],
    c.FIND_INCIDENTS: [{"incidents": [{"id": "eN1", "code": "TR-1", "type": "manual", "identified": 3}]}],
    c.SEARCH_HASH: [{"hashStatus": [{"hash": HASH, "detected": True}], "failedHashes": []}],
    c.FIND_GROUPS: [{"folders": [{"id": "eN1", "description": "x", "source": "cloud", "userCount": 3}]}],
    c.GROUP_MEMBERS: [{"groupMembers": [{"emailAddress": "a@example.com", "domain": "example.com", "internal": True}]}],
    c.GET_POLICY: [{"id": "eNpolicy-1", "option": "block_sender", "policy": {
        "description": "x", "fromPart": "both",
        "from": {"type": "individual_email_address", "emailAddress": "a@b.example"},
        "to": {"type": "everyone"}, "fromEternal": True, "toEternal": False, "fromDate": DATE, "toDate": DATE,
        "conditions": {"sourceIPs": ["192.0.2.0/24"]}, "enabled": True, "createTime": DATE,
    }}],
    c.AUDIT_EVENTS: [{"id": "eN1", "auditType": "x", "user": "a@example.com", "eventTime": DATE, "eventInfo": "x"}],
}  # fmt: skip
"""Function -> `data` of a good answer, after the reference."""

REST_SAMPLES = {
    c.REPORTED_EMAILS: {"data": [{"id": "eN1", "reportedAt": DATE, "from": "a@example.net", "to": ["b@example.com"]}]},
    c.WHOAMI: {"clientId": "x"},
}
