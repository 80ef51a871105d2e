#!/bin/sh
# Sends a message if, and only if, a command succeeds. Needs curl.
#
#   ./send-if.sh TOPIC BODY COMMAND [ARGUMENT...]
#   BROKER=http://127.0.0.1:8080 ./send-if.sh reports '{"day":"monday"}' ./make-report.sh monday
#
# Killed between the command and its verdict it leaves a transaction in doubt: `halfmq tx ls` shows it.
set -eu
if [ $# -lt 3 ]; then
  echo "usage: $0 TOPIC BODY COMMAND [ARGUMENT...]" >&2
  exit 2
fi
broker=${BROKER:-http://127.0.0.1:8080}
topic=$1
body=$(printf %s "$2" | base64 | tr -d '\n')
shift 2
id=send-if-$(date +%s)-$$

call() {
  curl --fail-with-body --silent --show-error --retry 3 --request "$1" --header 'content-type: application/json' \
    --data "$3" "$broker/v1/transactions/$id$2"
  echo
}

# the id is ours, so that a repeated call makes no second transaction
call PUT '' '{"group": "send-if", "messages": [{"topic": "'"$topic"'", "bodyBase64": "'"$body"'"}]}'
if "$@"; then
  call POST /commit '{"reason": "the command succeeded"}'
else
  call POST /rollback '{"reason": "the command failed"}'
  exit 1
fi
