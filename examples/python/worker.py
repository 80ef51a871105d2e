"""Handles the messages of a topic, each acknowledged when its work is done. Needs Python 3.8, nothing else.

    python3 worker.py --broker http://127.0.0.1:8080 --group mailers --topic order-placed -- ./send-mail.sh
    echo '{"id": 7}' | ./send-mail.sh        # what it does for each: the body is the command's standard input
"""
import argparse, base64, json, subprocess, time, urllib.error, urllib.request

options = argparse.ArgumentParser()
options.add_argument("--broker", default="http://127.0.0.1:8080")
options.add_argument("--group", required=True)
options.add_argument("--topic", required=True)
options.add_argument("--once", action="store_true", help="end when there is nothing more")
options.add_argument("command", nargs="+")
options = options.parse_args()

def group(act, document):
    call = urllib.request.Request("%s/v1/groups/%s/%s" % (options.broker, options.group, act),
                                  json.dumps(document).encode(), {"content-type": "application/json"}, method="POST")
    with urllib.request.urlopen(call, timeout=60) as answer:
        return json.load(answer)

def handle(message):
    body = base64.b64decode(message["bodyBase64"]) if "bodyBase64" in message else message["body"].encode()
    done = subprocess.run(options.command, input=body, timeout=240).returncode == 0
    # what failed comes again: later each time, and in the end it rests in %DLQ%group
    group("ack" if done else "nack", {"receipts": [message["receipt"]]})
    print("%s %s, attempt %d" % ("done" if done else "failed", message["messageId"], message["attempt"]), flush=True)

while True:
    try:
        found = group("receive", {"topic": options.topic, "max": 1, "invisibleMs": 300000,
                                  "waitMs": 0 if options.once else 20000})["items"]
        for message in found:
            handle(message)
        if options.once and not found:
            break
    except (urllib.error.URLError, subprocess.TimeoutExpired) as error:
        # nothing is lost: what was received and not acknowledged comes again
        print("trying again:", error, flush=True)
        time.sleep(1)
