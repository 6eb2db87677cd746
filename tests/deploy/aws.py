"""ministack, with AWS Budgets as AWS has it.

ministack checks permissions by the names of operations, and those of Budgets have others: here a call needs
the actions of AWS's service authorization reference, on the budget that it names. Its own service takes
requests that AWS refuses, so each call that is permitted goes on to Tollbook's stand-in, which checks it
against the service's model. The names of these calls are written to a file, one a line.
"""

import asyncio
import json
import os
import urllib.error
import urllib.request

from ministack import app
from ministack.core import iam_actions
from ministack.core.iam_evaluator import enforce
from ministack.core.responses import error_response_json, get_account_id, get_region
from ministack.core.router import extract_access_key_id
from ministack.services import budgets

STAND_IN = os.environ["BUDGETS_STAND_IN"]
CALLS = os.environ["BUDGETS_CALLS"]

# The first action of each operation.
ACTIONS = {
    "CreateBudget": "budgets:ModifyBudget",
    "CreateNotification": "budgets:ModifyBudget",
    "CreateSubscriber": "budgets:ModifyBudget",
    "DeleteBudget": "budgets:ModifyBudget",
    "DeleteNotification": "budgets:ModifyBudget",
    "DeleteSubscriber": "budgets:ModifyBudget",
    "DescribeBudget": "budgets:ViewBudget",
    "DescribeBudgets": "budgets:ViewBudget",
    "DescribeNotificationsForBudget": "budgets:ViewBudget",
    "DescribeSubscribersForNotification": "budgets:ViewBudget",
    "ListTagsForResource": "budgets:ListTagsForResource",
    "UpdateBudget": "budgets:ModifyBudget",
    "UpdateSubscriber": "budgets:ModifyBudget",
}

action_of, resource_of = iam_actions.extract_iam_action, iam_actions.extract_resource_arn


def operation_of(headers):
    return headers.get("x-amz-target", "").rpartition(".")[2]


def action(service, method, path, headers, body, query_params):
    if service == "budgets":
        # What is not in the list is not allowed to anyone but the root.
        return ACTIONS.get(operation_of(headers), "budgets:Unknown")
    return action_of(service, method, path, headers, body, query_params)


def resource(service, method, path, headers, body, query_params, region, account_id):
    if service == "budgets":
        return arn_of(json.loads(body or b"{}"), account_id)
    return resource_of(service, method, path, headers, body, query_params, region, account_id)


def arn_of(request, account_id):
    named = request.get("Budget") or request.get("NewBudget") or request
    name = named.get("BudgetName", "*")
    return request.get("ResourceARN") or f"arn:aws:budgets::{account_id}:budget/{name}"


async def handle(method, path, headers, body, query_params):
    operation, request = operation_of(headers), json.loads(body or b"{}")
    if request.get("ResourceTags"):
        denied = enforce(extract_access_key_id(headers, query_params), "budgets:TagResource", "budgets",
                         get_region(), resource_arn=arn_of(request, get_account_id()))
        if denied:
            return error_response_json("AccessDeniedException", "budgets:TagResource is not allowed", 400)
    with open(CALLS, "a") as calls:
        calls.write(f"{operation}\n")
    return await asyncio.to_thread(ask, headers, body)


def ask(headers, body):
    sent = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": headers["x-amz-target"]}
    try:
        with urllib.request.urlopen(urllib.request.Request(STAND_IN, body, sent), timeout=30) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        status, text = refused.code, refused.read()
    return status, {"Content-Type": "application/x-amz-json-1.1"}, text


iam_actions.extract_iam_action, iam_actions.extract_resource_arn = action, resource
budgets.handle_request = handle

if __name__ == "__main__":
    app.main()
