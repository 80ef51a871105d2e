"""Places orders in SQLite and announces them through HalfMQ: both happen, or neither. Needs Python 3.8, nothing else.

    python3 orders.py --broker http://127.0.0.1:8080 --port 8700
    curl -d '{"id": "7", "sku": "tea"}' http://127.0.0.1:8700/orders
"""
import argparse, json, sqlite3, urllib.request, uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

options = argparse.ArgumentParser()
options.add_argument("--broker", default="http://127.0.0.1:8080")
options.add_argument("--port", type=int, default=8700)
options.add_argument("--database", default="orders.db")
options = options.parse_args()

def database(wait_seconds):
    return sqlite3.connect(options.database, timeout=wait_seconds, isolation_level=None)

def broker(method, path, document={}):
    call = urllib.request.Request(options.broker + "/v1/transactions/" + path, json.dumps(document).encode(),
                                  {"content-type": "application/json"}, method=method)
    with urllib.request.urlopen(call, timeout=5) as answer:
        return json.load(answer)

def place(order):
    tx, db = str(uuid.uuid4()), database(5)
    db.execute("BEGIN IMMEDIATE")
    try:
        db.execute("INSERT INTO orders VALUES (?, ?)", (order["id"], order["sku"]))
        db.execute("INSERT INTO outcome VALUES (?, 'commit')", (tx,))  # true if, and only if, the order is there
        broker("PUT", tx, {"group": "orders", "checkUrl": "http://127.0.0.1:%d/check" % server.server_port,
                           "messages": [{"topic": "order-placed", "keys": [order["id"]], "body": order}]})
        db.execute("COMMIT")
    finally:
        db.close()  # what is not committed is rolled back, and the check says so
    try:
        broker("POST", tx + "/commit")
    except OSError as error:
        print("the broker will ask:", error, flush=True)
    return {"order": order["id"], "transaction": tx}

def outcome(tx):
    db = database(0.2)
    try:  # "no" is on disk before it is said: an order that is slow to commit fails then
        db.execute("INSERT OR IGNORE INTO outcome VALUES (?, 'rollback')", (tx,))
        return {"verdict": db.execute("SELECT verdict FROM outcome WHERE tx = ?", (tx,)).fetchone()[0]}
    except sqlite3.OperationalError:  # locked: an order is being placed
        return {"verdict": "unknown"}
    finally:
        db.close()

class Orders(BaseHTTPRequestHandler):
    def do_POST(self):
        document = json.loads(self.rfile.read(int(self.headers["content-length"])))
        try:
            status, answer = 200, outcome(document["id"]) if self.path == "/check" else place(document)
        except Exception as error:
            status, answer = 500, {"error": str(error)}
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

database(5).executescript("""CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, sku TEXT NOT NULL);
                             CREATE TABLE IF NOT EXISTS outcome (tx TEXT PRIMARY KEY, verdict TEXT NOT NULL)""")
server = ThreadingHTTPServer(("127.0.0.1", options.port), Orders)
print("orders at http://127.0.0.1:%d/orders" % server.server_port, flush=True)
server.serve_forever()
