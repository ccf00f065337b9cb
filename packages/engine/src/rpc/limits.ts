/** The largest message that is taken or given: that of BuildKit's own connections. */
export const maxMessage = 16 << 20;

/** What a connection may hold, in MB: Node's own 10 would end calls with messages that are allowed. */
export const sessionMemory = 512;
