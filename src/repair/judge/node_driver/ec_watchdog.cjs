// The last resort against code that keeps the event loop busy where no time limit of vm reaches (a loop that begins in a
// callback of Node's own): a thread that answers for the stuck process and ends it.
//
// Shared words: [0] a counter to wait on, [1] 1 while a run is waited for, [2] its deadline in milliseconds since the
// thread's own start of time, [3] index of the candidate that is judged, or -1.
'use strict';

const { Worker, isMainThread, workerData } = require('node:worker_threads');

const GRACE_MS = 300;
const clock = (origin) => Math.round(performance.timeOrigin + performance.now() - origin);

class Watchdog {
  constructor() {
    this.words = new Int32Array(new SharedArrayBuffer(16));
    this.origin = performance.timeOrigin + performance.now();
    this.index = -1;
    this.worker = null;
  }

  /// From now on the process ends when the event loop is still stuck at the deadline.
  arm(milliseconds) {
    if (!this.worker) {
      this.worker = new Worker(__filename, { workerData: { words: this.words, origin: this.origin }, stdin: false, env: {} });
      this.worker.unref();
    }
    this.words[2] = clock(this.origin) + Math.round(milliseconds);
    this.words[3] = this.index;
    Atomics.store(this.words, 1, 1);
    Atomics.notify(this.words, 0);
  }

  disarm() {
    Atomics.store(this.words, 1, 0);
  }
}

function timeoutFrame(index) {
  const body = Buffer.from(JSON.stringify({ type: 'judgement', index, verdict: 'timeout', message: 'the event loop is stuck', passed: 0, us: 0 }));
  const head = Buffer.alloc(4);
  head.writeUInt32LE(body.length, 0);
  return Buffer.concat([head, body]);
}

function watch({ words, origin }) {
  for (;;) {
    const armed = Atomics.load(words, 1) === 1;
    Atomics.wait(words, 0, 0, armed ? 20 : 1000);
    if (Atomics.load(words, 1) !== 1 || clock(origin) < words[2] + GRACE_MS) continue;
    if (words[3] >= 0) require('node:fs').writeSync(4, timeoutFrame(words[3]));
    process.kill(process.pid, 'SIGKILL');
  }
}

if (!isMainThread && workerData && workerData.words) watch(workerData);

module.exports = { Watchdog };
