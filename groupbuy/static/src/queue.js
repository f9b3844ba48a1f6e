// Scans that could not be sent, kept on this phone in their order: key, nonce, time, what was ticked. Nothing of any
// resident. A queue belongs to whoever scanned (`owner`, which says nothing of who they are); nobody else sends it.
const BATCH = 50;
const PATIENCE_MS = 3000;

export class Queue {
  constructor({ owner, fresh, sync }) {
    this.names = { kept: `gate-kept-${owner}`, told: `gate-told-${owner}` };
    this.addresses = { fresh, sync };
    this.running = null;
  }

  get kept() {
    return read(this.names.kept);
  }

  // What came back with a word for the helper: given twice, or not possible.
  get told() {
    return read(this.names.told);
  }

  add(key, nonce, pieces) {
    const scan = { key, nonce, at: new Date().toISOString(), ...(pieces && { pieces }) };
    write(this.names.kept, [...this.kept.filter((other) => other.nonce !== nonce), scan]);
    return scan;
  }

  forget(nonce) {
    for (const name of Object.values(this.names)) write(name, read(name).filter((scan) => scan.nonce !== nonce));
  }

  // A token for sending, or null when there is no network, none that answers in time, or nobody is signed in.
  async token() {
    if (!navigator.onLine) return null;
    const impatient = new AbortController();
    const timer = setTimeout(() => impatient.abort(), PATIENCE_MS);
    try {
      const answer = await fetch(this.addresses.fresh, { signal: impatient.signal, cache: "no-store" });
      return answer.ok && !answer.redirected ? (await answer.json()).csrf : null;
    } catch {
      return null;
    } finally {
      clearTimeout(timer);
    }
  }

  // Sends all that is kept, oldest first; two callers share one run. Resolves to whether the queue is empty.
  send() {
    this.running ??= this.#send().finally(() => (this.running = null));
    return this.running;
  }

  async #send() {
    while (this.kept.length) {
      const csrf = await this.token();
      if (!csrf) return false;
      const scans = this.kept.slice(0, BATCH);
      const results = await this.#post(csrf, scans);
      if (!results) return false;
      const answered = new Map(results.map((result) => [result.nonce, result]));
      const worthTelling = scans
        .map((scan) => ({ ...scan, ...answered.get(scan.nonce) }))
        .filter((scan) => scan.outcome === "double" || scan.outcome === "refused");
      write(this.names.told, [...this.told, ...worthTelling]);
      write(this.names.kept, this.kept.filter((scan) => !answered.has(scan.nonce)));
      if (!results.length) return false;
    }
    return true;
  }

  async #post(csrf, scans) {
    try {
      const answer = await fetch(this.addresses.sync, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": csrf },
        body: JSON.stringify({ scans }),
      });
      return answer.ok && !answer.redirected ? (await answer.json()).results : null;
    } catch {
      return null;
    }
  }
}

export function queueOfThisPage() {
  const { owner, fresh, sync } = document.body.dataset;
  return owner ? new Queue({ owner, fresh, sync }) : null;
}

// Enough letters that no two acts are alike; crypto.randomUUID needs a newer browser.
export function newNonce() {
  return Array.from(crypto.getRandomValues(new Uint8Array(15)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function read(name) {
  try {
    const kept = JSON.parse(localStorage.getItem(name) || "[]");
    return Array.isArray(kept) ? kept : [];
  } catch {
    return [];
  }
}

function write(name, scans) {
  localStorage.setItem(name, JSON.stringify(scans));
}
