"""A pytest plugin under which each case breaks with a secret in its message, its variables and what it printed."""

import logging

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """Break as a bug of the harness would."""
    drive = pyfuncitem.funcargs.get("drive")
    if drive is not None:
        token = drive.connection.access_token.reveal()
        header = drive.session.world.target.credentials.header()
        sent = {"url": f"https://api.invalid/bills?access_token={token}", "header": header}
        print("sent", sent, "to", token)
        logging.getLogger("some.library").error("refused %s", sent)
        assert token == sent["url"], f"the target refuses {token}"
