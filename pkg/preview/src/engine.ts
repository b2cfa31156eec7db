// The page's side of the worker: asks, and of what is typed while it computes only the newest.

import type { Description } from "stripe-xdm";
import type { Bulk, BulkWork, Command, Failure, Gives, Request, Response, Step, Takes, Work } from "./protocol.ts";

type Waiting = { resolve: (answer: unknown) => void; reject: (error: Error) => void; bulk?: (found: Bulk) => void };

type Body = Request extends infer R ? (R extends Request ? Omit<R, "number"> : never) : never;

/** What the module refused, with its stable word. */
export class Refused extends Error {
  readonly code: string;

  constructor({ code, message }: Failure) {
    super(message);
    this.code = code;
  }
}

export class Engine {
  private number = 0;
  private readonly waiting = new Map<number, Waiting>();
  private current: number | undefined;
  /** Whether the worker has said anything. */
  private heard = false;
  private worker = this.start();

  /** Is told every step of the newest work. */
  constructor(private readonly told: (step: Step) => void) {}

  /** What this build of the module knows. */
  describe(): Promise<Description> {
    return this.ask({ ask: "describe" }) as Promise<Description>;
  }

  /** A question about the language or about mapping sets. */
  language<C extends Command>(command: C, takes: Takes<C>): Promise<Gives<C>> {
    return this.ask({ ask: "language", command, takes }) as Promise<Gives<C>>;
  }

  /** Reads a file of objects, which stay in the worker, and tells how many there are. */
  read(file: File): Promise<number> {
    return this.ask({ ask: "read", file }) as Promise<number>;
  }

  /** One of the objects that were read; none when the worker is a new one. */
  object(index: number): Promise<string | undefined> {
    return this.ask({ ask: "object", index }) as Promise<string | undefined>;
  }

  /** Transforms many objects, given or read before, and counts what becomes of them. */
  bulk(work: BulkWork, progress: (found: Bulk) => void): Promise<Bulk> {
    return this.ask({ ask: "bulk", ...work }, progress) as Promise<Bulk>;
  }

  /** Shows something; what was asked before is given up. */
  work(work: Work): void {
    this.current = this.send({ ask: "work", work });
  }

  /** Ends the worker. What was asked and not answered is refused with the code `ended`. */
  end(): void {
    this.worker.terminate();
    this.refuse({ code: "ended", message: "it was ended" });
  }

  private start(): Worker {
    this.heard = false;
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<Response>): void => this.hear(data);
    worker.onerror = (event): void => this.broken(event.message || "the worker could not be started; reload the page");
    return worker;
  }

  private send(body: Body): number {
    const number = ++this.number;
    this.worker.postMessage({ number, ...body } as Request);
    return number;
  }

  private ask(body: Body, bulk?: (found: Bulk) => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const number = this.send(body);
      this.waiting.set(number, { resolve, reject, ...(bulk === undefined ? {} : { bulk }) });
    });
  }

  private hear(response: Response): void {
    this.heard = true;
    if ("step" in response) {
      if (response.number !== this.current) return;
      const { step } = response;
      if (step.step === "end") this.current = undefined;
      this.told(step);
      if (step.step === "failed" && step.failure.code === "trapped") this.broken(step.failure.message);
      return;
    }
    const waiting = "number" in response ? this.waiting.get(response.number) : undefined;
    if (waiting === undefined) return;
    if ("bulk" in response) {
      waiting.bulk?.(response.bulk);
      return;
    }
    this.waiting.delete(response.number);
    if ("failure" in response) {
      waiting.reject(new Refused(response.failure));
      if (response.failure.code === "trapped") this.broken(response.failure.message);
    } else if ("answer" in response) waiting.resolve(response.answer);
  }

  /** A worker that failed is replaced: one bad input must not end the session. */
  private broken(message: string): void {
    this.worker.terminate();
    const another = this.heard;
    this.refuse({ code: "trapped", message });
    this.current = undefined;
    this.told({ step: "failed", failure: { code: "trapped", message } });
    // One that never said anything would fail again.
    if (another) this.worker = this.start();
  }

  private refuse(failure: Failure): void {
    for (const { reject } of this.waiting.values()) reject(new Refused(failure));
    this.waiting.clear();
  }
}
