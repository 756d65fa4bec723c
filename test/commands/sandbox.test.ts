import { expect } from 'chai';
import { addSandbox } from '../../src/commands/sandbox.ts';
import { run } from './pipehat.ts';

describe('pipehat sandbox', () => {
  it('answers FHIR requests where it says, tells its parent, and ends when interrupted', async () => {
    const interrupt = new AbortController();
    const told = Promise.withResolvers<string>();
    const notify = (message: object) => told.resolve((message as { address: string }).address);
    const ran = run(addSandbox, ['sandbox', '--port', '0', '--json'], {
      interrupted: interrupt.signal,
      notify,
    });
    const address = await told.promise;
    const answer = await fetch(`${address}/metadata`);
    expect(await answer.json()).to.include({ resourceType: 'CapabilityStatement' });
    interrupt.abort();
    const { code, out } = await ran;
    expect(JSON.parse(out)).to.deep.equal({ address });
    expect(code).to.equal(0);
    const gone = await fetch(address).catch((error: Error) => error);
    expect(gone).to.be.instanceOf(Error);
  });

  it('says so and exits with 3 where the port is taken', async () => {
    const interrupt = new AbortController();
    const told = Promise.withResolvers<string>();
    const notify = (message: object) => told.resolve((message as { address: string }).address);
    const first = run(addSandbox, ['sandbox', '--port', '0'], { interrupted: interrupt.signal, notify });
    const { port } = new URL(await told.promise);
    const { code, err } = await run(addSandbox, ['sandbox', '--port', port]);
    expect(err).to.include('[port-in-use]');
    expect(code).to.equal(3);
    interrupt.abort();
    await first;
  });

  it('exits with 2 where the port is none', async () => {
    expect((await run(addSandbox, ['sandbox', '--port', '70000'])).code).to.equal(2);
  });
});
