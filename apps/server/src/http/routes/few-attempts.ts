/** Per client address, where somebody could guess: log-in and set-up. */
export const fewAttempts = { max: 10, timeWindow: 60_000 };
