"""A new model under traffic: every turn is answered whole by one model or the other."""

import shutil
from pathlib import Path

import pytest
import requests

from bot.launch.steps import newest_model
from tests.faults.cluster import Cluster
from tests.faults.conftest import UnderLoad
from tests.faults.customers import Load

pytestmark = pytest.mark.faults


def test_a_new_model_is_loaded(cluster: Cluster, under_load: UnderLoad, tmp_path: Path) -> None:
    now = newest_model()
    assert now is not None
    models = [shutil.copy(now, tmp_path / f"new-{number}.tar.gz") for number in range(2)]
    token = (cluster.var / "rasa.token").read_text()

    def breaking(load: Load) -> None:
        for model in models:
            for server in (cluster.var / "rasa.servers").read_text().split():
                loaded = requests.put(
                    f"{server}/model", params={"token": token}, json={"model_file": str(model)}, timeout=170
                )
                assert loaded.status_code == 204, loaded.text
                status = requests.get(f"{server}/status", params={"token": token}, timeout=20).json()
                assert status["model_file"] == Path(model).name
                load.wait_answers(5)

    report = under_load(breaking)
    assert report.with_person == 0
