// Every test file runs after this. Unhandled rejections end the run: a promise nobody waits for is a bug.
process.on('unhandledRejection', (reason) => {
  throw reason;
});
