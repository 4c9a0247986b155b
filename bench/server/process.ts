import { Account } from './account';
import { listen } from './listen';
import type { Command, Reply } from './index';

/** The server's process: serves, and obeys its parent's commands until it hangs up. */
async function main(): Promise<void> {
	const reply = (message: Reply) => void process.send!(message);
	const listener = await listen();
	let account = new Account(0);
	process.on('message', (command: Command) => {
		if (command.kind === 'reset') {
			account = new Account(command.tunnels);
			listener.serve(account, command.latencyMs);
			reply({ kind: 'ready', url: listener.url });
		} else {
			reply({ kind: 'state', keys: account.liveKeys(), traffic: account.trafficSoFar() });
		}
	});
	process.once('disconnect', () => void listener.close());
	reply({ kind: 'ready', url: listener.url });
}

void main();
