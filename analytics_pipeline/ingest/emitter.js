// @ts-check
/**
 * Sends learner events at least once: each keeps its id and stays in localStorage until the server has
 * answered for it. Never throws into the page.
 *
 * @typedef {{endpoint: string, key: string, courseId: string, userId?: string | null,
 *   honourPrivacySignals?: boolean}} Options
 * @typedef {{quizId?: string, score?: number, attempt?: number}} QuizResult
 */

const BATCH = 20, DELAY = 2000, KEPT = 2000, BEACON_BYTES = 60000, REPORT = 30000, TICK = 1000;

/** randomUUID exists in secure contexts only. */
const uuid = () => crypto.randomUUID?.() ??
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** @returns {any} localStorage, or a stand-in where the browser keeps nothing */
const storage = () => {
  try {
    localStorage.setItem("la?", "");
    return localStorage;
  } catch {
    const kept = Object.create(/** @type {any} */ ({
      setItem: (/** @type {string} */ name, /** @type {string} */ value) => kept[name] = value,
      getItem: (/** @type {string} */ name) => kept[name],
      removeItem: (/** @type {string} */ name) => delete kept[name],
    }));
    return kept;
  }
};

/** @param {() => void} work */
const quiet = (work) => { try { work(); } catch { /* the page comes first */ } };

/**
 * Start collecting for one course.
 * @param {Options} options
 */
export function createEmitter({ endpoint, key, courseId, userId = null, honourPrivacySignals = true }) {
  const prefix = `la.${key}.`, refused = `la-out.${key}`, url = `${endpoint}?key=${encodeURIComponent(key)}`;
  const nav = /** @type {any} */ (navigator), disk = storage(), beaconed = new Set();
  let off = !!(honourPrivacySignals && (nav.globalPrivacyControl || nav.doNotTrack === "1") || disk.getItem(refused));
  let count = 0, dropped = 0, failures = 0, limit = BATCH, waitUntil = 0, sending = false;
  let timer = 0, lesson = -1, activeMs = 0, lastTick = 0, attentive = false, viewedAt = 0;

  /** One storage key an event, so that tabs never overwrite each other; oldest first by name. */
  const names = () => Object.keys(disk).filter((name) => name.startsWith(prefix)).sort();
  /** @param {string[]} done */
  const forget = (done) => done.forEach((name) => disk.removeItem(name));
  /** @param {string[]} lost */
  const drop = (lost) => { forget(lost); dropped += lost.length; };
  /** @param {unknown[]} events */
  const body = (events) => `{"sentAt":"${new Date().toISOString()}","events":[${events.filter(Boolean)}]}`;

  /** @param {string} eventType @param {number | null} lessonIdx @param {object} [metadata] */
  const add = (eventType, lessonIdx, metadata = {}) => quiet(() => {
    if (off) return;
    const id = uuid(), createdAt = new Date();
    const name = prefix + createdAt.getTime().toString(36) + String(count++).padStart(6, "0") + id;
    const event = JSON.stringify({ id, eventType, userId, courseId, lessonIdx, metadata, createdAt });
    try { disk.setItem(name, event); } catch {
      drop(names().slice(0, 50)); // quota spent: the oldest make room
      disk.setItem(name, event);
    }
    if (count % 100 === 0) drop(names().slice(0, -KEPT));
    later(count % BATCH ? DELAY : 0);
  });

  /** @param {number} delay */
  const later = (delay) => {
    if (!delay) clearTimeout(timer);
    if (!delay || !timer) timer = setTimeout(send, Math.max(delay, waitUntil - Date.now()));
  };

  const send = () => {
    timer = 0;
    if (sending || off) return;
    sending = true;
    const turn = async (/** @type {unknown} */ lock) => lock && await post(names().slice(0, limit));
    // One tab at a time; without locks a second sending is harmless: the server counts an id once.
    (nav.locks ? nav.locks.request(prefix, { ifAvailable: true }, turn) : turn(1)).catch(() => retry(0)).then(() => {
      sending = false;
      const left = names().length;
      if (left) later(left < limit ? DELAY : 1);
    });
  };

  /** @param {string[]} batch */
  const post = async (batch) => {
    if (!batch.length) return;
    // text/plain needs no preflight.
    const { status, headers } = await fetch(url, { method: "POST", headers: { "content-type": "text/plain" }, body: body(batch.map((name) => disk.getItem(name))) });
    if (status === 202) {
      forget(batch); // accepted or rejected: each has its answer
      failures = 0;
      limit = BATCH;
    } else if (status === 413 && limit > 1) limit >>= 1;
    else if (status === 413) drop(batch);
    else retry(1000 * Number(headers.get("retry-after")) || 0);
  };

  /** @param {number} atLeast */
  const retry = (atLeast) => {
    waitUntil = Date.now() + Math.max(atLeast, Math.min(60000, 1000 * 2 ** failures++) * (0.5 + Math.random() / 2));
  };

  /** A beacon has no answer: its events stay queued and are sent again. */
  const beacon = () => {
    /** @type {string[]} */
    let chunk = [];
    let size = 100;
    const go = () => !chunk.length || navigator.sendBeacon(url, body(chunk)) || beaconed.clear();
    for (const name of names()) {
      if (beaconed.has(name)) continue;
      const event = disk.getItem(name), bytes = new Blob([event]).size + 1;
      if (size + bytes > BEACON_BYTES) {
        if (!go()) return;
        chunk = [];
        size = 100;
      }
      chunk.push(event);
      beaconed.add(name);
      size += bytes;
    }
    go();
  };

  const report = () => {
    const ms = Math.round(activeMs);
    activeMs = 0;
    if (ms && lesson >= 0) add("lesson_time", lesson, { activeMs: ms });
  };
  const tick = () => {
    const now = performance.now(), passed = now - lastTick;
    lastTick = now;
    // Longer than a few ticks: the machine slept or the tab was frozen, and nobody was reading.
    if (attentive && passed < 5 * TICK) activeMs += passed;
    attentive = document.visibilityState === "visible" && document.hasFocus();
    if (activeMs >= REPORT) report();
  };
  const look = () => quiet(tick);
  const leave = () => quiet(() => {
    tick();
    report();
    if (!off) beacon();
  });

  quiet(() => {
    setInterval(look, TICK);
    addEventListener("focus", look);
    addEventListener("blur", look);
    addEventListener("online", () => later(waitUntil = 0));
    addEventListener("pagehide", leave);
    document.addEventListener("visibilitychange", () => document.hidden ? leave() : look());
    later(DELAY);
  });

  return {
    courseViewed: () => add("course_view", null),
    /** @param {number} lessonIdx counted from 0; the same lesson again within a second is one event */
    lessonViewed: (lessonIdx) => quiet(() => {
      const now = performance.now();
      if (lessonIdx === lesson && now - viewedAt < 1000) return;
      tick();
      if (lessonIdx !== lesson) report();
      lesson = lessonIdx;
      viewedAt = now;
      add("lesson_viewed", lessonIdx);
    }),
    /** @param {number} lessonIdx */
    lessonCompleted: (lessonIdx) => add("lesson_completed", lessonIdx),
    /** @param {number} lessonIdx @param {QuizResult} [result] */
    quizAttempted: (lessonIdx, result) => add("quiz_attempted", lessonIdx, result),
    /** @param {number} lessonIdx @param {QuizResult} [result] */
    quizPassed: (lessonIdx, result) => add("quiz_passed", lessonIdx, result),
    flush: () => later(0),
    /** Forget what is queued; collect nothing more in this browser. */
    optOut: () => quiet(() => { off = true; forget(names()); disk.setItem(refused, "1"); }),
    /** Events given up: the queue was full. */
    dropped: () => dropped,
  };
}
