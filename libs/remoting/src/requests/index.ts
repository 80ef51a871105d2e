/** The whole protocol on one screen: every request this platform speaks, in the order of the wire's chapters. */

// sending
export * from './send-message.js'; // 10
export * from './send-message-answer.js';
export { sendMessageV2 } from './send-message-v2.js'; // 310
export * from './send-batch-message.js'; // 320
export * from './end-transaction.js'; // 37
export * from './check-transaction-state.js'; // 39, broker → producer
export * from './preview-check.js'; // 9101, ours, broker → producer
export * from './recall-message.js'; // 370
export * from './send-reply-message.js'; // 324, 325
export * from './push-reply-message-to-client.js'; // 326, broker → requester

// consuming
export * from './pull-answer.js';
export * from './pull-message.js'; // 11
export * from './lite-pull-message.js'; // 361
export * from './consumer-send-msg-back.js'; // 36
export * from './query-consumer-offset.js'; // 14
export * from './update-consumer-offset.js'; // 15
export * from './search-offset-by-timestamp.js'; // 29
export * from './get-max-offset.js'; // 30
export * from './get-min-offset.js'; // 31
export * from './get-earliest-msg-storetime.js'; // 32
export * from './lock-batch-mq.js'; // 41
export * from './unlock-batch-mq.js'; // 42
export * from './query-assignment.js'; // 400
export * from './set-message-request-mode.js'; // 401
export * from './get-all-message-request-mode.js'; // 402
export * from './pop-message.js'; // 200050
export * from './ack-message.js'; // 200051
export * from './batch-ack-message.js'; // 200151
export * from './change-message-invisibletime.js'; // 200053
export * from './notification.js'; // 200054
export * from './peek-message.js'; // 200052
export * from './polling-info.js'; // 200055

// being a client
export * from './heart-beat.js'; // 34
export * from './unregister-client.js'; // 35
export * from './get-consumer-list-by-group.js'; // 38
export * from './notify-consumer-ids-changed.js'; // 40, broker → consumer
export * from './check-client-config.js'; // 46

// broker administration
export * from './query-message.js'; // 12
export * from './view-message-by-id.js'; // 33
export * from './update-and-create-topic.js'; // 17
export * from './delete-topic-in-broker.js'; // 215
export * from './get-all-topic-config.js'; // 21
export * from './get-topic-config.js'; // 351
export * from './get-topic-stats-info.js'; // 202
export * from './update-and-create-subscriptiongroup.js'; // 200
export * from './get-all-subscriptiongroup-config.js'; // 201
export * from './get-subscriptiongroup-config.js'; // 352
export * from './delete-subscriptiongroup.js'; // 207
export * from './get-consumer-connection-list.js'; // 203
export * from './get-producer-connection-list.js'; // 204
export * from './get-consume-stats.js'; // 208
export * from './get-broker-runtime-info.js'; // 28
export * from './resume-check-half-message.js'; // 323
export * from './get-broker-config.js'; // 26
export * from './update-broker-config.js'; // 25
export * from './invoke-broker-to-reset-offset.js'; // 222
export * from './reset-consumer-client-offset.js'; // 220, broker → consumer
export * from './invoke-broker-to-get-consumer-status.js'; // 223
export * from './get-consumer-status-from-client.js'; // 221, broker → consumer
export * from './query-topic-consume-by-who.js'; // 300
export * from './query-topics-by-consumer.js'; // 343
export * from './get-system-topic-list-from-broker.js'; // 305
export * from './get-consumer-running-info.js'; // 307, and broker → consumer
export * from './consume-message-directly.js'; // 309, and broker → consumer

// name server
export * from './get-routeinfo-by-topic.js'; // 105
export * from './get-broker-cluster-info.js'; // 106
export * from './register-broker.js'; // 103
export * from './unregister-broker.js'; // 104
export * from './query-data-version.js'; // 322
export * from './broker-heartbeat.js'; // 904
export * from './put-kv-config.js'; // 100
export * from './get-kv-config.js'; // 101
export * from './delete-kv-config.js'; // 102
export * from './get-kvlist-by-namespace.js'; // 219
export * from './wipe-write-perm-of-broker.js'; // 205
export * from './add-write-perm-of-broker.js'; // 327
export * from './get-all-topic-list-from-nameserver.js'; // 206
export * from './delete-topic-in-namesrv.js'; // 216
export * from './register-topic-in-namesrv.js'; // 217
export * from './get-topics-by-cluster.js'; // 224
export * from './get-system-topic-list-from-ns.js'; // 304
