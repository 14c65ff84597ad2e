"""Requests of every shape, and every answer held against the API's own description."""

import http.client
import json
import re

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import stack

NAMES = ["a.example", "B.Example.", "held.example", "none.example", "..", "a" * 64, "%00", "xn--bcher-kva.example", "."]
HELD = "@ 60 SOA ns.held.example. h.held.example. 1 2 3 4 60\n@ 60 NS ns\nns 60 A 192.0.2.1\n@ ALIAS ns\n"


class Api:
    def __init__(self, sealwire):
        self._port = sealwire.http
        self.token = sealwire.token_file.read_text().strip()
        self.document = self.call("GET", "/v1/openapi.json")[2]
        self._resolver = jsonschema.RefResolver("", self.document)

    def call(self, method, path, body=None, headers=None):
        """Status, media type and JSON (or text) of one answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        try:
            connection.request(method, path, body, {"Authorization": f"Bearer {self.token}", **(headers or {})})
            answer = connection.getresponse()
            text, kind = answer.read(), answer.getheader("Content-Type", "")
        finally:
            connection.close()
        return answer.status, kind, json.loads(text) if "json" in kind else text

    def resolve(self, thing):
        while "$ref" in thing:
            thing = self._resolver.resolve(thing["$ref"])[1]
        return thing

    def check(self, operation, answer):
        """The answer is one that the operation's description has, with the body it describes."""
        status, kind, body = answer
        described = operation["responses"].get(str(status))
        assert described is not None, f"{operation['operationId']} answered {status}: {body}"
        content = self.resolve(described).get("content")
        if content is None:
            assert not body, body
            return
        assert kind in content, (kind, list(content))
        schema = content[kind]["schema"]
        jsonschema.Draft202012Validator(schema, resolver=self._resolver).validate(body)

    def operations(self):
        for path, item in self.document["paths"].items():
            for method, operation in item.items():
                if method != "parameters" and path != "/v1/events":
                    yield path, method.upper(), operation


@pytest.fixture(scope="module")
def api(parts):
    sealwire = stack.Sealwire(parts)
    held = sealwire.home / "held.zone"
    held.write_text(HELD)
    sealwire.ctl("zone", "add", "a.example", "--forward", "127.0.0.1:9")
    sealwire.ctl("zone", "add", "held.example", "--file", held)
    return Api(sealwire)


def test_the_description_is_sound(api):
    assert api.document["openapi"].startswith("3.1")
    for schema in api.document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for reference in re.findall(r'"\$ref": "(#[^"]+)"', json.dumps(api.document)):
        assert api.resolve({"$ref": reference}), reference
    names = [operation["operationId"] for _, _, operation in api.operations()]
    assert len(names) == len(set(names))


def values(api, schema, depth=0):
    """Mostly what the schema asks for, sometimes anything else."""
    schema = api.resolve(schema)
    anything = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.lists(st.integers(), max_size=2))
    if depth > 4:
        return anything
    if "const" in schema:
        fits = st.just(schema["const"])
    elif "enum" in schema:
        fits = st.sampled_from(schema["enum"])
    elif "oneOf" in schema:
        fits = st.one_of([values(api, one, depth + 1) for one in schema["oneOf"]])
    elif schema.get("type") == "object":
        known = {key: values(api, one, depth + 1) for key, one in schema.get("properties", {}).items()}
        required = set(schema.get("required", ()))
        fits = st.fixed_dictionaries({k: v for k, v in known.items() if k in required},
                                     optional={k: v for k, v in known.items() if k not in required})
    elif schema.get("type") == "array":
        fits = st.lists(values(api, schema["items"], depth + 1), max_size=3)
    elif schema.get("type") == "boolean":
        fits = st.booleans()
    elif schema.get("type") == "integer":
        fits = st.integers(0, 5000)
    else:
        fits = st.one_of(st.sampled_from(NAMES + ["127.0.0.1:9", "/etc/hostname", "default"]), st.text(max_size=20))
    return fits if depth and depth % 2 else st.one_of(fits, fits, fits, anything)


def requests(api, operation):
    body = operation.get("requestBody")
    if body is None:
        return st.just(None)
    json_body = values(api, body["content"]["application/json"]["schema"]).map(json.dumps)
    return st.one_of(json_body, json_body, json_body, st.sampled_from(["", "{", "[]", "null", "\udcff", "1e999"]))


def test_every_answer_is_as_described(api):
    operations = list(api.operations())
    assert len(operations) > 15

    @settings(max_examples=600, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def ask(data):
        path, method, operation = data.draw(st.sampled_from(operations))
        for part in re.findall(r"\{(\w+)\}", path):
            path = path.replace("{" + part + "}", data.draw(st.sampled_from(NAMES)))
        query = [(p["name"], data.draw(st.one_of(st.integers(-1, 2000).map(str), st.sampled_from(["a", "active", "%00", ""]))))
                 for p in map(api.resolve, operation.get("parameters", ())) if p["in"] == "query" and data.draw(st.booleans())]
        headers = {p["name"]: data.draw(st.sampled_from(["*", '"1"', "1", '"x"', "W/\"1\""]))
                   for p in map(api.resolve, operation.get("parameters", ())) if p["in"] == "header" and data.draw(st.booleans())}
        if query:
            path += "?" + "&".join(f"{key}={value}" for key, value in query)
        body = data.draw(requests(api, operation))
        if body is not None:
            headers["Content-Type"] = data.draw(st.sampled_from(["application/json", "application/json", "text/plain"]))
            body = body.encode("utf-8", "surrogateescape")
        api.check(operation, api.call(method, path, body, headers))

    ask()
    assert api.call("GET", "/v1/nodes")[0] == 200


def test_without_a_token_every_answer_is_a_problem(api):
    for path, method, operation in api.operations():
        answer = api.call(method, path.replace("{name}", "a.example").replace("{id}", "x"), headers={"Authorization": "Bearer x"})
        assert answer[0] == 401
        api.check(operation, answer)
