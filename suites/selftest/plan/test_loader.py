"""Plan files: what is read, what is refused, and what the messages say."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from harness.contract import Contract
from harness.errors import PlanError
from harness.exit_status import ExitStatus
from harness.plan import Plan, default_plan_paths, load_plan, load_plans
from harness.plan.yaml_source import read_yaml

HEAD = """\
plan: trial
title: A trial
platforms: [QUICKBOOKS, NETSUITE]
resources:
"""

Load = Callable[[str], Plan]
Refuse = Callable[[str], list[str]]


@pytest.fixture
def load(tmp_path: Path, contract: Contract) -> Load:
    """Loads a plan of `HEAD` and the given resources."""

    def loaded(resources: str) -> Plan:
        path = tmp_path / "trial.yaml"
        path.write_text(resources if resources.startswith("plan:") else HEAD + resources, encoding="utf-8")
        return load_plan(path, contract, check_ids=frozenset({"dates.midnight_shift", "fields.type"}))

    return loaded


@pytest.fixture
def refuse(load: Load) -> Refuse:
    """Loads a wrong plan and gives its problems as `line: message`, without the file."""

    def refused(resources: str) -> list[str]:
        with pytest.raises(PlanError) as caught:
            load(resources)
        assert caught.value.exit_status is ExitStatus.WRONG_USE
        lines = str(caught.value).splitlines()
        assert all(re.match(r".*trial\.yaml:\d+: ", line) for line in lines), lines
        return [line.partition("trial.yaml:")[2] for line in lines]

    return refused


def test_a_plan_is_read(load: Load) -> None:
    """What stands in the file is in the model, numbers and booleans as such."""
    plan = load('  bills: {fields: {fill: {due_date: 0.5}}, delete: true, create: {input: {memo: "12:30:00"}}}\n')
    rules = plan.resources["bills"]
    assert (rules.fields.fill, rules.delete) == ({"due_date": 0.5}, True)
    assert not isinstance(rules.create, bool)
    assert rules.create.input == {"memo": "12:30:00"}


def test_shipped_plans_load(contract: Contract) -> None:
    """Every shipped plan is right, and their names differ."""
    plans = load_plans(default_plan_paths(), contract)
    assert len({plan.plan for plan in plans}) == len(plans) == 6


def test_an_unknown_key_is_told_with_the_nearest(refuse: Refuse) -> None:
    """A misspelt key is refused with file, line, the nearest right word and all that is allowed."""
    told = refuse("  bills:\n    fields:\n      requird: [id]\n")
    assert told == ['7: unknown key "requird". Did you mean "required"? Allowed: fill, nullable, required']


def test_all_problems_are_told_at_once_in_the_order_of_the_lines(refuse: Refuse) -> None:
    """Problems of the YAML, of the models and of names come together, sorted by line."""
    told = refuse(
        "  bills:\n"
        "    fields:\n"
        "      required: [vendor_idd, 7]\n"
        "      fill: {due_date: 1.5}\n"
        "    delete: yes\n"
        "    colour: red\n"
        "  vendorz: {}\n"
    )
    assert [line.partition(":")[0] for line in told] == ["7", "7", "8", "9", "9", "10", "11"]
    text = "\n".join(told)
    assert 'unknown field "vendor_idd" of bills. Did you mean "vendor_id"?' in text
    assert 'should be a text, found 7; write "7" in quotes' in text
    assert "less than or equal to 1" in text
    assert 'yes would be read as true or false; write true, false, or "yes" in quotes' in text
    assert 'unknown key "colour"' in text
    assert 'unknown resource "vendorz". Did you mean "vendors"?' in text


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("on", 'write true, false, or "on" in quotes'),
        ("No", 'write true, false, or "No" in quotes'),
        ("1.10", 'write 1.1 for a number, or "1.10" for the text'),
        ("12:30:00", 'would be read as another number; write "12:30:00" in quotes'),
        ("017", 'would be read as another number; write "017" in quotes'),
        ("1_000", 'would be read as another number; write "1_000" in quotes'),
        ("2024-02-29", 'would be read as a date; write "2024-02-29" in quotes'),
        ("2024-02-29T00:00:00Z", "would be read as a date"),
        (".inf", "would lose how it is written"),
        ("!money 5", "tag !money is not understood"),
        ("!!python/object:os.system x", "is not understood"),
    ],
)
def test_values_that_change_type_are_refused(refuse: Refuse, value: str, told: str) -> None:
    """What YAML 1.1 would turn into something else unseen is refused with what to write instead."""
    (line,) = refuse(f"  bills:\n    create:\n      input:\n        memo: {value}\n")
    assert line.startswith("8: ")
    assert told in line


@pytest.mark.parametrize("value", ["true", "12", "-3.5", "0.01", "100.0", "null", "'on'", '"1.10"', "|\n          on"])
def test_plain_values_are_kept(load: Load, value: str) -> None:
    """Values that mean what they look like, and everything in quotes, are accepted."""
    load(f"  bills:\n    create:\n      input:\n        memo: {value}\n")


def test_both_yaml_loaders_give_the_same(tmp_path: Path) -> None:
    """The pure loader, for a PyYAML without its C part, reads data, lines and problems alike."""
    path = tmp_path / "both.yaml"
    path.write_text("a: [1, 'on', \"x\", plain]\nb:\n  c: 1.10\n  d: on\n", encoding="utf-8")
    fast, pure = read_yaml(path), read_yaml(path, loader=yaml.SafeLoader)
    assert fast.data == pure.data == {"a": [1, "on", "x", "plain"], "b": {"c": "1.10", "d": "on"}}
    assert (fast.lines, fast.problems) == (pure.lines, pure.problems)
    assert [problem.line for problem in fast.problems] == [3, 4]


def test_keys_that_stand_twice_are_refused(refuse: Refuse) -> None:
    """The second of two equal keys would silently win; it is refused and the first line is named."""
    assert refuse("  bills:\n    delete: false\n    delete: true\n") == [
        '7: key "delete" stands twice, also in line 6; remove one'
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("plan: &a [*a]\n", "part of"),
        ("plan: x\nbomb:\n" + "".join(
            f"  k{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9) if n else 'x'}]\n" for n in range(9)
        ), "Are there aliases of aliases?"),
        ("plan: " + "[" * 60 + "]" * 60 + "\n", "levels deep"),
        ("plan: x\n<<: {title: x}\n", "merge keys (<<) are not understood"),
        ("plan: x\n? [a, b]\n: 1\n", "is not a text"),
        ("plan: x\n7: 1\n", "key 7 is not a text"),
    ],
    ids=["circle", "bomb", "deep", "merge", "list as key", "number as key"],
)  # fmt: skip
def test_yaml_that_is_no_plain_data_is_refused(refuse: Refuse, text: str, told: str) -> None:
    """Circles, bombs of aliases, deep nests, merge keys and odd keys end in a message, not in a hang."""
    assert told in "\n".join(refuse(text))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"plan: [a\n", "is not YAML"),
        (b"plan: a\n--- \nplan: b\n", "is not YAML"),
        (b"plan: a\nx: [id, line_items[].id]\n", 'a path with [] needs quotes: "line_items[].id"'),
        (b"a: 1\n\tb: 2\n", "Tabs cannot indent"),
        (b"- a\n", "the file: it should be an object"),
        (b"plan: \x00\n", "is not YAML"),
    ],
)
def test_files_that_are_no_yaml_are_refused(tmp_path: Path, contract: Contract, content: bytes, told: str) -> None:
    """An unreadable file gives one message with its name."""
    path = tmp_path / "wrong.yaml"
    path.write_bytes(content)
    with pytest.raises(PlanError, match=re.escape(told)) as caught:
        load_plan(path, contract)
    assert "wrong.yaml" in str(caught.value)


def test_a_missing_file_is_told(tmp_path: Path, contract: Contract) -> None:
    """A plan that does not exist, and a folder in its place, give one message each."""
    with pytest.raises(PlanError, match="there is no such file"):
        load_plan(tmp_path / "none.yaml", contract)
    with pytest.raises(PlanError, match="cannot be read"):
        load_plan(tmp_path, contract)


@pytest.mark.parametrize(
    ("resources", "told"),
    [
        ("  bills: {fields: {required: [account]}}", 'unknown field "account" of bills. Did you mean "account_id"?'),
        ("  bills: {fields: {nullable: [description]}}", 'Did you mean "line_items[].description"?'),
        ("  bills: {fields: {required: [id], nullable: [id]}}", '"id" is both required and nullable'),
        ("  vendors: {fields: {required: [bank_account_number]}}", "exists on none of QUICKBOOKS, NETSUITE; it is for"),
        ("  bills: {platforms: [QUICKBOOK]}", 'unknown platform "QUICKBOOK". Did you mean "QUICKBOOKS"?'),
        ("  bills: {platforms: [quickbooks]}", 'Did you mean "QUICKBOOKS"?'),
        ("  bills: {queries: {filter: [memo]}}", 'unknown filterable field "memo". Allowed: document_number, due_date'),
        ("  bills: {queries: {sort: [statu]}}", 'unknown sortable field "statu". Did you mean "status"?'),
        ("  bills: {queries: {params: [updated_min]}}", 'unknown query parameter "updated_min". Did you mean'),
        ("  bills: {queries: {params: [limit]}}", 'unknown query parameter "limit"'),
        ("  bills: {dates: [isue_date]}", 'unknown field "isue_date". Did you mean "issue_date"?'),
        ("  bills: {advisory: [dates.midnigth_shift]}", 'Did you mean "dates.midnight_shift"?'),
        ("  company_info: {create: true}", "the contract has no create of company_info; it has list"),
        ("  bills: {create: {input: {vendor: x}}}", 'unknown input "vendor". Did you mean "vendor_id"?'),
        ("  bills: {create: {input: {line_items: [{acount_id: x}]}}}", 'unknown input "acount_id" in line_items[]'),
        ("  bills: {create: {optional: {colour: x}}}", 'unknown input "colour"'),
        ("  bills: {create: {skip: [colour]}}", 'unknown input "colour"'),
        ("  bills: {create: {by_platform: {XERO: {memo: x}}}}", "the plan does not ask for XERO"),
        ("  bills: {create: {by_platform: {ZERO: {memo: x}}}}", 'unknown platform "ZERO". Did you mean "XERO"?'),
        ("  bills: {create: {inputs: {}}}", 'unknown key "inputs". Did you mean "input"?'),
        ("  bills: {create: 1}", "should be true, false, or a mapping of rules, found 1"),
        ("  bills: {update: {change: {currency_code: EUR}}}", 'unknown input "currency_code"'),
        ("  bills: {delete: 'true'}", 'should be a valid boolean, found "true"'),
        ("  bills: {queries: {minimum_rows: -1}}", "greater than or equal to 0"),
        ("  bills:", "resources.bills is empty; write {} or remove it"),
        ("  reports: {}", "reports cannot be planned: the contract does not describe its rows"),
        ("  accounting_metrics: {}", "the path of its get needs metricName"),
    ],
)
def test_names_that_mean_nothing_are_refused(refuse: Refuse, resources: str, told: str) -> None:
    """Each kind of name is held against the contract, and the message leads to the right one."""
    (line,) = refuse(resources + "\n")
    assert line.startswith("5: ")
    assert told in line


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("{$ref: vendorz}", 'unknown resource "vendorz". Did you mean "vendors"?'),
        ("{$reff: vendors}", 'unknown directive "$reff". Did you mean "$ref"?'),
        ("{$ref: vendors, wehre: {}}", '"wehre" does not go with $ref. Did you mean "where"?'),
        ("{$ref: vendors, where: {vendor: x}}", 'vendors has no field "vendor"'),
        ("{$ref: vendors, where: {status: {$ref: bilss}}}", 'unknown resource "bilss"'),
        ("{$ref: bills, min: {amount_due: lots}}", "min of amount_due is no number"),
        ("{$ref: bills, field: curency_code}", 'Did you mean "currency_code"?'),
        ("{$ref: bills, skip: -1}", "skip is how many rows to pass over"),
        ("{$ref: bill_credit_applications}", "has no list to take a row from"),
        ("{$unique: 5}", "$unique needs the text to begin with"),
        ("{$unique: GL, length: 2}", "length is a whole number from 4 on"),
        ('{$date: "29.02.2024"}', "is no day"),
        ("{$text: unicod}", 'unknown sample text "unicod". Did you mean "unicode"?'),
        ("{$together: {memo: x}}", "$together is only for an optional input"),
    ],
)
def test_wrong_directives_are_refused(refuse: Refuse, value: str, told: str) -> None:
    """A directive with a wrong name, key, resource, field or argument is refused where it stands."""
    (line,) = refuse(f"  bills:\n    create:\n      input:\n        memo: {value}\n")
    assert line.startswith("8: ")
    assert told in line


def test_together_is_for_optional_inputs(load: Load, refuse: Refuse) -> None:
    """Several inputs that go together are accepted under `optional`, and their paths are checked."""
    item = "{$together: {%s: {quantity: 2}, 'line_items[].account_id': null}}"
    load("  bills:\n    create:\n      optional:\n        line_items[].item: " + item % "'line_items[].item'" + "\n")
    told = refuse(
        "  bills:\n    create:\n      optional:\n        line_items[].item: " + item % "'line_items[].itm'" + "\n"
    )
    assert len(told) == 2
    assert "does not set" in told[0] + told[1]
    assert 'Did you mean "line_items[].item"?' in told[0] + told[1]


def test_missing_keys_are_told_and_the_rest_is_checked(refuse: Refuse) -> None:
    """A plan without a title still has its other problems told."""
    told = refuse("plan: Trial!\nplatforms: []\nresources:\n  bils: {}\n")
    text = "\n".join(told)
    assert 'key "title" is missing' in text
    assert "plan: string should match pattern" in text.replace("String", "string")
    assert "platforms" in text
    assert 'Did you mean "bills"?' in text


def test_problems_of_all_files_come_together(tmp_path: Path, contract: Contract) -> None:
    """Several files: every problem of each, an unreadable one, and an id that two of them have."""
    good = HEAD + "  bills: {}\n"
    for name, text in (("a", good), ("b", good), ("c", good.replace("trial", "other") + "  vendorz: {}\n")):
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    paths = [tmp_path / f"{name}.yaml" for name in ("a", "b", "c", "d")]
    with pytest.raises(PlanError) as caught:
        load_plans(paths, contract)
    text = str(caught.value)
    assert re.search(r'b\.yaml:1: plan "trial" is also in .*a\.yaml; give one of them another name', text)
    assert 'c.yaml:6: unknown resource "vendorz"' in text
    assert "d.yaml: there is no such file" in text


def test_paths_are_shown_as_seen_from_the_working_directory(
    tmp_path: Path, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message names the file as it would be opened from here."""
    folder = tmp_path / "plans"
    folder.mkdir()
    (folder / "bills.yaml").write_text(HEAD + "  bils: {}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PlanError, match=r"^plans/bills\.yaml:5: unknown resource") as caught:
        load_plan(folder / "bills.yaml", contract)
    assert (caught.value.path, caught.value.line) == ("plans/bills.yaml", 5)
