import type { AddressInfo, Server } from 'node:net';
import { createServer } from 'node:net';

/** A server that listens on a port of loopback, 0 for any free one. */
async function listenOn(port: number): Promise<Server> {
	const server = createServer();
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(port, '127.0.0.1', resolve);
	});
	return server;
}

async function close(server: Server): Promise<void> {
	await new Promise((resolve) => server.close(resolve));
}

/** Whether nobody listens on a port of loopback. */
export async function isFree(port: number): Promise<boolean> {
	try {
		await close(await listenOn(port));
		return true;
	} catch {
		return false;
	}
}

const givenPorts = new Set<number>();

/** A port on loopback that nobody listens on, and that was not given before. */
export async function freePort(): Promise<number> {
	const server = await listenOn(0);
	const { port } = server.address() as AddressInfo;
	await close(server);
	if (givenPorts.has(port)) return await freePort();
	givenPorts.add(port);
	return port;
}
