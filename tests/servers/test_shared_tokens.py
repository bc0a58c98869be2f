"""Workers share one token of a company's through Redis, encrypted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import redis
from cryptography.fernet import Fernet

from tests.servers.conftest import ROOT
from tests.vendors.bandwidth_account import at_bandwidth

pytestmark = pytest.mark.servers


def test_processes_that_ask_the_same_company_use_one_token(redis_url: str, tmp_path: Path) -> None:
    with at_bandwidth(new=True) as there:
        file = tmp_path / "state.json"
        file.write_text(json.dumps({"config": there.config, "numbers": []}))
        environment = os.environ | {
            "REDIS_URL": redis_url,
            "FIELD_ENCRYPTION_KEY": Fernet.generate_key().decode(),
        }
        for what in ("setup", "buy", "release"):
            subprocess.run(
                [sys.executable, "-m", "tests.vendors.bandwidth_worker", str(file), what],
                cwd=ROOT,
                env=environment,
                check=True,
                timeout=60,
            )
        assert there.company.made()["sites"] == 1 and there.company.numbers == {}
        assert there.company.tokens_given == 1
        client = redis.Redis.from_url(redis_url)
        kept = [(name, client.get(name)) for name in client.keys("cache:*")]
        assert len(kept) == 1
        for secret in (*there.company.tokens, there.company.client_id):
            assert secret.encode() not in b"".join(kept[0])
        client.close()
