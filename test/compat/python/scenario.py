"""What the scenarios of both Python clients share: how they wait, what they say of messages, and how one of them is run."""

import json
import os
import sys
import time
import traceback

LIMIT_S = 60


def holds(condition):
    """Waits for a condition of another process; the limit ends a run that went wrong, its result then tells how."""
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def text(message):
    return message.body.decode()


def listed(words):
    return ",".join(sorted(words))


def run(scenarios, client_of):
    """SCENARIO ADDRESS TOPIC of the command line; ends the process, which threads of the client would keep alive."""
    scenario, address, topic = sys.argv[1:]
    code = 0
    try:
        print("RESULT " + json.dumps(scenarios[scenario](client_of(address, topic))), flush=True)
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stderr.flush()
    os._exit(code)
