"""What the interface's own page says of it, with one submission from its upload to its state."""

from __future__ import annotations

DESCRIPTION = """\
For programs of teams. Make a token under Profile and send it as `Authorization: Bearer …`. Leaderboards are public as
they are: `/leaderboard/BENCHMARK/leaderboard.json`. `python -m evaluator submit` does all of the following.

An archive is uploaded by the protocol tus 1.0.0 at `/api/v1/uploads/`, in one piece or in many, and then handed in by
its id:

    AUTH="Authorization: Bearer $TOKEN"
    TUS="Tus-Resumable: 1.0.0"
    SIZE=$(stat --format %s my-detector.tar.gz)
    PLACE=$(curl --fail --silent --output /dev/null --write-out '%header{location}' --request POST \\
        --header "$AUTH" --header "$TUS" --header "Upload-Length: $SIZE" "$SITE/api/v1/uploads/")
    curl --fail --silent --request PATCH --upload-file my-detector.tar.gz --header "$AUTH" --header "$TUS" \\
        --header "Upload-Offset: 0" --header "Content-Type: application/offset+octet-stream" "$SITE$PLACE"
    curl --fail --silent --header "$AUTH" --header "Content-Type: application/json" "$SITE/api/v1/submissions" --data '{
        "team": "my-team", "benchmark": "pancreas-ct", "model": "My model", "terms": 1,
        "upload": "'"${PLACE##*/}"'"}'

The answer, and later `GET /submissions/ID`, says how it stands: `state` how it was taken, `evaluation` how its runs go.
"""
