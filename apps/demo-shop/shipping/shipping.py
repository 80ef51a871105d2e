"""The shop's shipping service: sends a parcel for each paid order. Needs Python 3.8, nothing else.

    shop-order-paid ── pushed by the broker ──▶ a row in SQLite ── REST ──▶ shop-order-shipped

Killed anywhere it loses nothing and ships nothing twice: the broker pushes again what was not answered, the row is there
once for each message, and the answer goes out under the message's own Idempotency-Key. The shop's supervisor starts it:

    python3 shipping.py --broker http://127.0.0.1:8080 --port 8702 --database shipping.db
"""
import argparse, base64, hashlib, hmac, json, os, sqlite3, sys, threading, time, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

options = argparse.ArgumentParser()
options.add_argument("--broker", required=True)
options.add_argument("--port", type=int, default=0)
options.add_argument("--database", required=True)
options.add_argument("--tied", action="store_true", help="end with whoever holds the other end of standard input")
options = options.parse_args()

PAID, SHIPPED, GROUP = "shop-order-paid", "shop-order-shipped", "shop-shipping"
TRY_AGAIN_S = 0.3
FRESH_S = 300
key = os.urandom(32)  # another one at each start: the broker is told with the address

def broker(method, path, document, **headers):
    call = urllib.request.Request(options.broker + "/v1/" + path, json.dumps(document).encode(), method=method,
                                  headers={"content-type": "application/json", **headers})
    with urllib.request.urlopen(call, timeout=5) as answer:
        return json.load(answer)

def sql(statement, *values):
    database = sqlite3.connect(options.database, timeout=5)
    try:
        with database:
            return database.execute(statement, values).fetchall()
    finally:
        database.close()

def is_signed(headers, body):  # as Standard Webhooks says: with our key, and not long ago
    sent_at = headers.get("webhook-timestamp", "")
    signed = "%s.%s." % (headers.get("webhook-id", ""), sent_at)
    digest = base64.b64encode(hmac.new(key, signed.encode() + body, hashlib.sha256).digest()).decode()
    given = headers.get("webhook-signature", "").split()
    is_fresh = sent_at.isdigit() and abs(time.time() - int(sent_at)) < FRESH_S
    return is_fresh and any(hmac.compare_digest(each, "v1," + digest) for each in given)

def ship(message, order):
    sql("INSERT OR IGNORE INTO parcels VALUES (?, ?, ?, ?)", message, order["orderId"], order["placedAt"], time.time())
    # before the push is answered: a death in between repeats both, and with the same key it is the same message
    broker("POST", "topics/%s/messages" % SHIPPED, {"keys": [order["orderId"]], "body": {"orderId": order["orderId"]}},
           **{"idempotency-key": message})

def parcels(query):
    """For the board and the ways of orders: of orders placed since a moment, or of these orders."""
    columns = "SELECT order_id, message_id, sent_at FROM parcels "
    if "orders" in query:
        orders = query["orders"][0].split(",")
        rows = sql(columns + "WHERE order_id IN (%s) ORDER BY sent_at" % ",".join("?" * len(orders)), *orders)
    else:
        rows = sql(columns + "WHERE placed_at >= ?", query.get("since", [""])[0])
    now = time.time()
    return [{"orderId": order, "messageId": message, "sentAtMs": sent_at * 1000, "ageMs": (now - sent_at) * 1000}
            for order, message, sent_at in rows]

class Shipping(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if not is_signed(self.headers, body):
            return self.answer(401, {"error": "not signed by the broker this service is pushed by"})
        try:
            ship(self.headers["webhook-id"], json.loads(body))
            self.answer(200, {})  # acknowledged
        except Exception as error:
            print("the order comes again: %r" % error, flush=True)
            self.answer(503, {"error": str(error)})

    def do_GET(self):
        address = urlsplit(self.path)
        if address.path != "/parcels":
            return self.answer(404, {"error": "there is /parcels?since= and /parcels?orders="})
        self.answer(200, {"items": parcels(parse_qs(address.query))})

    def answer(self, status, document):
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass

def ask_to_be_pushed_to(url):
    secret = "whsec_" + base64.b64encode(key).decode()
    while True:
        try:
            return broker("PUT", "groups/%s/push" % GROUP, {"topic": PAID, "backurl": url, "secret": secret})
        except OSError:  # no broker, or no topic: it is there with the first order that is paid
            time.sleep(TRY_AGAIN_S)

def end_with_supervisor():
    sys.stdin.buffer.read()
    os._exit(1)

sql("PRAGMA journal_mode = WAL")  # who reads does not hold up who ships
sql("""CREATE TABLE IF NOT EXISTS parcels
       (message_id TEXT PRIMARY KEY, order_id TEXT NOT NULL, placed_at TEXT NOT NULL, sent_at REAL NOT NULL)""")
sql("CREATE INDEX IF NOT EXISTS parcels_of_order ON parcels (order_id)")
ThreadingHTTPServer.request_queue_size = 128
server = ThreadingHTTPServer(("127.0.0.1", options.port), Shipping)
address = "http://127.0.0.1:%d" % server.server_port
if options.tied:
    threading.Thread(target=end_with_supervisor, daemon=True).start()
threading.Thread(target=ask_to_be_pushed_to, args=(address,), daemon=True).start()
print("shipping at " + address, flush=True)
server.serve_forever()
