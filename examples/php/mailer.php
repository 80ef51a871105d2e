<?php
/*
 * Is pushed orders by a broker, verifies their signatures, mails each once, and answers with a message. Needs PHP 8.
 *
 *   export BROKER=http://127.0.0.1:8080 SECRET=whsec_$(openssl rand -base64 32) SPOOL=./spool
 *   php -S 127.0.0.1:8702 mailer.php                                # serves
 *   php mailer.php mailers order-placed http://127.0.0.1:8702/      # tells the broker: this group, topic and address
 */
[$broker, $secret, $spool] = [getenv('BROKER') ?: 'http://127.0.0.1:8080', getenv('SECRET'), getenv('SPOOL') ?: './spool'];
if (!$secret) exit("SECRET is not set: export SECRET=whsec_\$(openssl rand -base64 32)\n");

function broker(string $method, string $path, array $document, array $headers = []): array
{
    global $broker;
    $call = ['method' => $method, 'content' => json_encode($document), 'timeout' => 5, 'ignore_errors' => true,
             'header' => ['content-type: application/json', ...$headers]];
    $answer = @file_get_contents("$broker/v1/$path", false, stream_context_create(['http' => $call]));
    if ($answer === false) throw new RuntimeException("nobody answers at $broker");
    $told = json_decode($answer, true) ?? [];
    if (isset($told['hint'])) throw new RuntimeException("$told[title]: $told[detail]. $told[hint]"); // a problem document
    return $told;
}

/** As Standard Webhooks says: with our secret, and not long ago. */
function isSigned(string $body): bool
{
    global $secret;
    [$id, $at] = [$_SERVER['HTTP_WEBHOOK_ID'] ?? '', $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '0'];
    $key = base64_decode(substr($secret, strlen('whsec_')));
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$at.$body", $key, true));
    foreach (explode(' ', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '') as $given)
        if (hash_equals($expected, $given)) return abs(time() - (int) $at) < 300;
    return false;
}

/** A push may come twice: the mail is a file with the message's id for a name, and is there whole or not at all. */
function mailTo(string $id, array $order): void
{
    global $spool;
    if (!is_dir($spool)) mkdir($spool);
    file_put_contents("$spool/.$id", "To: $order[customer]\n\nYour order $order[id] is placed.\n");
    rename("$spool/.$id", "$spool/$id");
}

function pushed(string $id, string $body): void
{
    $order = json_decode($body, true, flags: JSON_THROW_ON_ERROR);
    mailTo($id, $order);
    // with the same key the same message: there is one, however often this runs
    broker('POST', 'topics/mail-sent/messages', ['keys' => [$order['id']], 'body' => ['order' => $order['id']]],
        ["idempotency-key: $id"]);
}

if (PHP_SAPI === 'cli') {
    if ($argc !== 4) exit("usage: php mailer.php GROUP TOPIC ADDRESS\n");
    [, $group, $topic, $address] = $argv;
    try {
        $push = broker('PUT', "groups/$group/push", ['topic' => $topic, 'backurl' => $address, 'secret' => $secret]);
        exit("$push[topic] is pushed to $push[backurl]\n");
    } catch (RuntimeException $error) {
        fwrite(STDERR, "{$error->getMessage()}\n");
        exit(1);
    }
}
$body = file_get_contents('php://input');
if (!isSigned($body)) {
    http_response_code(401);
    exit;
}
try {
    pushed($_SERVER['HTTP_WEBHOOK_ID'], $body);
    http_response_code(204); // acknowledged
} catch (Throwable $error) {
    error_log("the order comes again: {$error->getMessage()}");
    http_response_code(503);
}
