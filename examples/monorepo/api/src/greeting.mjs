export const greeting = (name) => `Hello, ${decodeURIComponent(name)}!\n`;
