"""What stands between the service and callers it should not serve, or not so many of."""

from typing import Any

import pytest

from tests.template import TEMPLATE, of_type, translated

GUARDED, OPEN = ["stage", "prod"], ["local", "dev", "test"]
NOTHING = {"Ref": "AWS::NoValue"}


def row(stage: str) -> Any:
    return TEMPLATE["Mappings"]["Environments"][stage]


def firewall() -> Any:
    (found,) = of_type(translated(stage="prod"), "AWS::WAFv2::WebACL").values()
    return found


def policy() -> dict[str, dict[str, Any]]:
    """The API's statements by their condition in the template."""
    api = of_type(translated(stage="prod"), "AWS::ApiGateway::RestApi")["Api"]
    condition, document, otherwise = api["Body"]["x-amazon-apigateway-policy"]["Fn::If"]
    assert (condition, otherwise) == ("Restricted", NOTHING)
    statements = [statement["Fn::If"] for statement in document["Statement"]]
    assert all(absent == NOTHING for _, _, absent in statements)
    return {name: statement for name, statement, _ in statements}


def test_stage_and_prod_are_guarded_and_the_others_cost_nothing() -> None:
    assert {stage: row(stage)["Guarded"] for stage in GUARDED + OPEN} == {
        **dict.fromkeys(GUARDED, "true"),
        **dict.fromkeys(OPEN, "false"),
    }
    assert TEMPLATE["Conditions"]["Guarded"]["Fn::Equals"][1] == "true"
    for name in ("Firewall", "FirewallOfTheApi"):
        assert TEMPLATE["Resources"][name]["Condition"] == "Guarded"


@pytest.mark.parametrize("api", ["Api", "CallsApi"])
def test_the_firewall_is_an_apis(api: str) -> None:
    association = of_type(translated(stage="prod"), "AWS::WAFv2::WebACLAssociation")[f"FirewallOfThe{api}"]
    assert association["WebACLArn"] == {"Fn::GetAtt": ["Firewall", "Arn"]}
    assert association["ResourceArn"]["Fn::Sub"].endswith(f"::/restapis/${{{api}}}/stages/${{{api}Stage}}")
    assert f"{api}Stage" in of_type(translated(stage="prod"), "AWS::ApiGateway::Stage")
    assert firewall()["Scope"] == "REGIONAL"


def test_one_address_cannot_take_the_service_from_the_others() -> None:
    (rule,) = (rule for rule in firewall()["Rules"] if rule["Name"] == "per-address")
    assert rule["Statement"]["RateBasedStatement"]["AggregateKeyType"] == "IP"
    assert rule["Action"]["Block"]["CustomResponse"]["ResponseCode"] == 429
    for stage in GUARDED:
        # WAF counts over five minutes. A telephony provider calls from one address: half of what all may have is its.
        assert row(stage)["PerAddress"] == row(stage)["Rate"] * 300 / 2


def test_the_common_rules_do_not_refuse_what_the_api_takes() -> None:
    (rule,) = (rule for rule in firewall()["Rules"] if rule["Name"] == "common")
    group = rule["Statement"]["ManagedRuleGroupStatement"]
    assert (group["VendorName"], group["Name"]) == ("AWS", "AWSManagedRulesCommonRuleSet")
    counted = {
        override["Name"] for override in group["RuleActionOverrides"] if override["ActionToUse"] == {"Count": {}}
    }
    assert "SizeRestrictions_BODY" in counted, "a long message in Devanagari has more than the 8 KB that rule allows"


@pytest.mark.parametrize("stage", ["local", "dev", "test", "stage", "prod"])
def test_every_stage_throttles_the_api(stage: str) -> None:
    assert 0 < row(stage)["Rate"] <= row(stage)["Burst"]


@pytest.mark.parametrize(
    ("function", "column"),
    [
        ("FetchClips", "FetchAtOnce"),
        ("Stitch", "StitchAtOnce"),
        ("PrepareClip", "PrepareAtOnce"),
        ("IdentifyImage", "IdentifyAtOnce"),
    ],
)
def test_many_clips_or_images_do_not_take_the_functions_that_answer_callers(function: str, column: str) -> None:
    properties = translated(stage="prod")[f"{function}Function"]["Properties"]
    cap = {"Fn::FindInMap": ["Environments", {"Ref": "Stage"}, column]}
    assert properties["ReservedConcurrentExecutions"] == {"Fn::If": ["Reserved", cap, NOTHING]}
    assert TEMPLATE["Conditions"]["Reserved"]["Fn::And"] == [
        {"Condition": "Guarded"},
        {"Fn::Equals": [{"Ref": "ReserveConcurrency"}, "true"]},
    ]
    assert TEMPLATE["Parameters"]["ReserveConcurrency"]["Default"] == "false", "a new account refuses any reservation"
    for stage in GUARDED:
        # An account has 1,000 at once, of which Lambda keeps 100 unreserved.
        assert row(stage)[column] > 0
        assert (
            sum(row(stage)[name] for name in ("PrepareAtOnce", "FetchAtOnce", "StitchAtOnce", "IdentifyAtOnce")) <= 500
        )


def test_callers_can_be_restricted_by_account_organisation_and_address() -> None:
    statements = policy()
    assert statements["OtherAccounts"]["Effect"] == "Allow"
    assert statements["OtherAccounts"]["Principal"] == {"AWS": {"Ref": "CallerAccounts"}}
    assert statements["OneOrganization"]["Effect"] == statements["KnownAddresses"]["Effect"] == "Deny"
    assert statements["OneOrganization"]["Condition"] == {
        "StringNotEquals": {"aws:PrincipalOrgID": {"Ref": "CallerOrganization"}}
    }
    assert statements["KnownAddresses"]["Condition"] == {"NotIpAddress": {"aws:SourceIp": {"Ref": "CallerAddresses"}}}
    for statement in statements.values():
        assert (statement["Action"], statement["Resource"]) == ("execute-api:Invoke", "execute-api:/*")
        # Anybody at all is only ever denied.
        assert statement["Principal"] != "*" or statement["Effect"] == "Deny"


def test_nobody_is_let_in_by_default() -> None:
    for name in ("CallerAccounts", "CallerOrganization", "CallerAddresses"):
        assert TEMPLATE["Parameters"][name]["Default"] == ""


def test_a_changed_policy_is_deployed() -> None:
    assert TEMPLATE["Resources"]["Api"]["Properties"]["AlwaysDeploy"] is True


def test_a_caller_with_a_role_has_a_rate_of_its_own_from_however_many_addresses() -> None:
    (rule,) = (rule for rule in firewall()["Rules"] if rule["Name"] == "per-session")
    rate = rule["Statement"]["RateBasedStatement"]
    (key,) = rate["CustomKeys"]
    assert (rate["AggregateKeyType"], key["Header"]["Name"]) == ("CUSTOM_KEYS", "x-amz-security-token")
    assert rule["Action"]["Block"]["CustomResponse"]["ResponseCode"] == 429
    assert len({rule["Priority"] for rule in firewall()["Rules"]}) == len(firewall()["Rules"])


def test_pictures_and_answers_end_where_a_parameter_says_so() -> None:
    for bucket, condition, days in (
        ("ImagesBucket", "PicturesEnd", "PictureDays"),
        ("ResultsBucket", "ResultsEnd", "ResultDays"),
    ):
        rules = TEMPLATE["Resources"][bucket]["Properties"]["LifecycleConfiguration"]["Rules"]
        ending = [rule["Fn::If"][1] for rule in rules if rule.get("Fn::If", [""])[0] == condition]
        assert ending
        assert all(rule["ExpirationInDays"] == {"Ref": days} for rule in ending)
        assert TEMPLATE["Parameters"][days]["Default"] == 0, "kept, unless somebody says otherwise"
