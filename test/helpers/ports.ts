import type { AddressInfo, Server } from 'node:net';
import { createServer } from 'node:net';

/**
 * Has a server listen on 127.0.0.1.
 *
 * @param port 0 for any free one
 * @returns its port
 */
export async function listen(server: Server, port = 0): Promise<number> {
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(port, '127.0.0.1', resolve);
	});
	return (server.address() as AddressInfo).port;
}

/** Ends a server, and the connections of one that speaks HTTP or HTTPS. */
export async function close(server: Server & { closeAllConnections?: () => void }): Promise<void> {
	const closed = new Promise((resolve) => server.close(resolve));
	server.closeAllConnections?.();
	await closed;
}

/** Whether nobody listens on a port of loopback. */
export async function isFree(port: number): Promise<boolean> {
	try {
		const server = createServer();
		await listen(server, port);
		await close(server);
		return true;
	} catch {
		return false;
	}
}

const givenPorts = new Set<number>();

/** A port on loopback that nobody listens on, and that was not given before. */
export async function freePort(): Promise<number> {
	const server = createServer();
	const port = await listen(server);
	await close(server);
	if (givenPorts.has(port)) return await freePort();
	givenPorts.add(port);
	return port;
}
