#!/bin/sh
# A topic as a work queue, with curl alone: every answer is one line of JSON.
#
#   ./queue.sh send TOPIC BODY [DELAY_MS]     # the answer of a delayed one has a recallHandle
#   ./queue.sh recall TOPIC RECALL_HANDLE
#   ./queue.sh receive GROUP TOPIC [WAIT_MS]  # one message at most, yours for 30 s
#   ./queue.sh ack GROUP RECEIPT              # it is done
#   ./queue.sh nack GROUP RECEIPT [RETRY_MS]  # it comes again
set -eu
broker=${BROKER:-http://127.0.0.1:8080}

post() {
  curl --fail-with-body --silent --show-error --header 'content-type: application/json' --data "$2" "$broker/v1/$1"
  echo
}

case ${1:-} in
send) post "topics/$2/messages" '{"bodyBase64": "'"$(printf %s "$3" | base64 | tr -d '\n')"'"'"${4:+, \"delayMs\": $4}"'}' ;;
recall) post "topics/$2/messages/recall" '{"recallHandle": "'"$3"'"}' ;;
receive) post "groups/$2/receive" '{"topic": "'"$3"'", "max": 1, "waitMs": '"${4:-0}"'}' ;;
ack) post "groups/$2/ack" '{"receipts": ["'"$3"'"]}' ;;
nack) post "groups/$2/nack" '{"receipts": ["'"$3"'"]'"${4:+, \"retryInMs\": $4}"'}' ;;
*) sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
