import type { Alert, AlertNotice, MaintenanceWindow, NoticeFilter, Silence } from '@agentpod/core';

/** A way to reach somebody that a person set up. */
export interface StoredTransport extends NoticeFilter {
  /** What its secrets are sealed for: a transport made again under an old name is another one. */
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly secretNames: readonly string[];
  /** One sealed JSON object; absent when there are none. */
  readonly sealedSecrets: string | undefined;
  readonly language: 'zh' | 'en';
  readonly createdAt: number;
}

/** A notice that still has to reach a transport. Entries of one transport are delivered in the order of their numbers. */
export interface OutboxEntry {
  readonly number: number;
  readonly notice: AlertNotice;
  readonly createdAt: number;
  /** How often it was tried. */
  readonly attempts: number;
  readonly nextAttemptAt: number;
}

export interface Delivery {
  readonly number: number;
  readonly at: number;
  readonly transport: string;
  readonly noticeId: string;
  readonly kind: AlertNotice['kind'];
  readonly rule: string;
  readonly subject: string;
  readonly outcome: 'delivered' | 'retrying' | 'failed' | 'given-up';
  readonly attempts: number;
  readonly detail: string;
}

/** What came of one attempt. */
export interface AttemptResult {
  readonly at: number;
  readonly outcome: Delivery['outcome'];
  /** How often it was tried by now. */
  readonly attempts: number;
  readonly detail: string;
}

export interface AlertQuery {
  /** `all` leaves out those nobody ever had to hear of. */
  readonly state: 'firing' | 'all';
  readonly tenant?: string | undefined;
  readonly limit: number;
}

/**
 * Alerts, what was said about them, and to whom it still has to be said. Every method is one transaction. Times are
 * milliseconds since 1970.
 */
export interface AlertStore {
  /** The newest alert of each key: what a decision is made from. */
  currentAlerts(): Promise<readonly Alert[]>;
  /**
   * Keeps the alerts, the notices, and a place in the outbox of every transport that takes one: all of it or nothing, so
   * that no alert counts as told without being on its way. Saving the same again changes nothing.
   */
  saveDecision(decision: {
    readonly alerts: readonly Alert[];
    readonly notices: readonly AlertNotice[];
    readonly now: number;
  }): Promise<void>;
  /** Newest first. */
  listAlerts(query: AlertQuery): Promise<readonly Alert[]>;
  getAlert(id: string): Promise<Alert | undefined>;
  /** Oldest first. */
  listNotices(alertId: string): Promise<readonly AlertNotice[]>;

  /** The first that this transport has to deliver. */
  nextToDeliver(transportId: string): Promise<OutboxEntry | undefined>;
  /** How many each transport has to deliver, and the newest failure among them; by its id. */
  backlog(): Promise<ReadonlyMap<string, { readonly waiting: number; readonly lastError: string | undefined }>>;
  /** It stays first in line; a later attempt follows. Logged as `retrying`. */
  postponeDelivery(entry: OutboxEntry, result: AttemptResult & { readonly nextAttemptAt: number }): Promise<void>;
  /** It is out of the line, for good or ill. Logged; when the entry is gone already, nothing happens. */
  endDelivery(entry: OutboxEntry, result: AttemptResult): Promise<void>;
  /** Newest first; the oldest are forgotten. */
  listDeliveries(query: {
    readonly transport?: string | undefined;
    readonly limit: number;
  }): Promise<readonly Delivery[]>;

  addSilence(silence: Silence): Promise<void>;
  /** Those that are not over, soonest to end first. */
  listSilences(now: number): Promise<readonly Silence[]>;
  removeSilence(id: string): Promise<void>;

  addMaintenance(window: MaintenanceWindow): Promise<void>;
  /** Those that end after this moment, first to begin first. */
  listMaintenance(endingAfter: number): Promise<readonly MaintenanceWindow[]>;
  /** One that has begun ends now and is kept, because availability leaves it out; one to come is removed. */
  endMaintenance(id: string, now: number): Promise<void>;

  /**
   * Makes it, or changes the one of that id. One that is new or was switched off hears what fires now. Throws
   * `conflict`/`NameTaken` when another has that name.
   */
  putTransport(transport: StoredTransport, now: number): Promise<void>;
  getTransport(name: string): Promise<StoredTransport | undefined>;
  /** By name. */
  listTransports(): Promise<readonly StoredTransport[]>;
  /** What it had still to deliver goes with it. */
  removeTransport(name: string): Promise<void>;

  /** Forgets alerts that were over before this moment, the newest of each key excepted. */
  forgetAlerts(overBefore: number): Promise<void>;
}
