export const log = (who, what) => console.log(`${new Date().toISOString()} ${who}: ${what}`);
