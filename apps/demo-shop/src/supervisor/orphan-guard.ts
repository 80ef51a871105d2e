/**
 * Loaded into every child by `--import`, also into commands that know nothing of the shop. When the supervisor is gone,
 * even by SIGKILL, the operating system closes the IPC channel; a child without a supervisor has nothing left to do.
 */
if (process.connected) {
  process.on('disconnect', () => process.exit(1));
  // Listening for 'disconnect' would keep a process alive that has finished by itself.
  process.channel?.unref();
}
