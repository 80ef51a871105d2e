package org.halfmq.compat;

import java.util.concurrent.Callable;

/** Waits for a condition of another process; the limit is there to end a run that went wrong, its result then tells how. */
final class Until {
    private static final long LIMIT_MS = 60_000;

    static boolean holds(Callable<Boolean> condition) throws Exception {
        long deadline = System.currentTimeMillis() + LIMIT_MS;
        while (System.currentTimeMillis() < deadline) {
            if (condition.call()) return true;
            Thread.sleep(20);
        }
        return false;
    }

    private Until() {
    }
}
