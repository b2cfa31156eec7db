// Acme Orders: the records of dataset acme_orders.

/** What was ordered, <when> and by whom. */
export interface AcmeOrders {
  /**
   * format uri-reference
   * Made from: sha2_256(id)
   */
  _id: string;
  /**
   * When it happened.
   * a moment, RFC 3339 with its offset
   * Made from: created
   */
  timestamp: string;
  identityMap?: Record<string, Array<IdentityMap>>;
  _acme: Acme;
}

export interface IdentityMap {
  /**
   * Labels: I2
   * Made from: customer
   */
  id: string;
  authenticatedState?: "ambiguous" | "loggedOut";
}

export interface Acme {
  /**
   * 2 to 5 characters
   * Labels: C2, I1
   * Made from: _envelope.account
   */
  accountID: string;
  /**
   * Labels: C1
   * Made from: metadata
   */
  metadata?: Record<string, string>;
  order?: Order;
}

export interface Order {
  lines?: Array<OrderLine>;
  gift?: OrderLine;
  record?: OrderRecord;
  /**
   * Ends a comment *\/ and a cell |. Second line.
   * pattern ^(open|`done`)$; such as `done`, open
   * Made from: state || "open"; a `quoted` state
   */
  "line-state"?: string;
  /** a whole number; 0 to 100 */
  percent?: number;
  /** a whole number */
  cents?: number;
  paid?: boolean;
  /** Made from: extra */
  extra?: unknown;
}

/** Order line */
export interface OrderLine {
  /**
   * SKU
   * at least 1 character
   * Made from: line.sku
   */
  sku: string;
  /** a whole number */
  quantity?: number;
  /** In major units. */
  price?: number;
  /** at most 1 character */
  options?: Array<string>;
}

export interface OrderRecord {
  /** a day, yyyy-MM-dd */
  day?: string;
}
