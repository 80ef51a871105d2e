"""Reserves stock for orders that a broker pushes to it, and answers with messages of its own. Needs Python 3.8, nothing else.

    python3 stock.py --broker http://127.0.0.1:8080 --port 8701
"""
import argparse, base64, hashlib, hmac, json, os, sqlite3, time, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

options = argparse.ArgumentParser()
options.add_argument("--broker", default="http://127.0.0.1:8080")
options.add_argument("--port", type=int, default=8701)
options.add_argument("--database", default="stock.db")
options.add_argument("--topic", default="order-placed")
options.add_argument("--group", default="stock")
options.add_argument("--on-hand", type=int, default=10, help="pieces of everything")
options = options.parse_args()

key = os.urandom(32)  # another one at each start: the broker is told below

def broker(method, path, document, **headers):
    call = urllib.request.Request(options.broker + "/v1/" + path, json.dumps(document).encode(), method=method,
                                  headers={"content-type": "application/json", **headers})
    with urllib.request.urlopen(call, timeout=5) as answer:
        return json.load(answer)

def is_signed(headers, body):  # as Standard Webhooks says: with our key, and not long ago
    signed = "%s.%s." % (headers["webhook-id"], headers["webhook-timestamp"])
    digest = base64.b64encode(hmac.new(key, signed.encode() + body, hashlib.sha256).digest()).decode()
    given = headers.get("webhook-signature", "").split()
    is_fresh = abs(time.time() - int(headers["webhook-timestamp"])) < 300
    return is_fresh and any(hmac.compare_digest(each, "v1," + digest) for each in given)

def sql(statement, *values):
    database = sqlite3.connect(options.database, timeout=5)
    try:
        with database:
            return database.execute(statement, values).fetchone()
    finally:
        database.close()

def reserve(message, sku):  # a push may come twice: what was decided at first holds
    sql("""INSERT OR IGNORE INTO reserved
           SELECT ?, ?, CASE WHEN count(*) < ? THEN 'stock-reserved' ELSE 'stock-short' END
           FROM reserved WHERE sku = ? AND outcome = 'stock-reserved'""", message, sku, options.on_hand, sku)
    return sql("SELECT outcome FROM reserved WHERE message = ?", message)[0]

class Stock(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            status = self.pushed(self.headers["webhook-id"], body) if is_signed(self.headers, body) else 401
        except Exception as error:
            print("the order comes again:", error, flush=True)
            status = 503
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def pushed(self, message, body):
        order = json.loads(body)
        outcome = reserve(message, order["sku"])
        # with the same key the same message: there is one, however often this runs
        broker("POST", "topics/%s/messages" % outcome, {"keys": [order["id"]], "body": order},
               **{"idempotency-key": message})
        print("%s %s" % (outcome, order["id"]), flush=True)
        return 204  # acknowledged

    def log_message(self, *_):
        pass

sql("CREATE TABLE IF NOT EXISTS reserved (message TEXT PRIMARY KEY, sku TEXT, outcome TEXT)")
server = ThreadingHTTPServer(("127.0.0.1", options.port), Stock)
url = "http://127.0.0.1:%d/" % server.server_port
while True:
    try:
        broker("PUT", "groups/%s/push" % options.group, {"topic": options.topic, "backurl": url,
                                                         "secret": "whsec_" + base64.b64encode(key).decode()})
        break
    except OSError as error:  # no broker yet, or no topic: it is there with its first order
        print("trying again:", error, flush=True)
        time.sleep(1)
print("stock at " + url, flush=True)
server.serve_forever()
