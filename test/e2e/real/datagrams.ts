import { createSocket } from 'node:dgram';
import { createInterface } from 'node:readline';

/**
 * One end of a stream of numbered datagrams, run inside a network namespace:
 * `datagrams.ts OWN_ADDRESS OTHER_ADDRESS PORT INTERVAL_MS IN_FLIGHT`.
 *
 * It prints `ready`, then obeys lines: `send` starts the numbers from 0, `pause` ends them and prints
 * how many were sent, `report` prints which numbers came in, as runs. It ends with its input.
 */

/** What came in from the other end. */
export interface Received {
	/** First and last number of each run without a gap, ascending. */
	runs: [first: number, last: number][];
}

const [own, other, portText, intervalText, inFlightText] = process.argv.slice(2) as [
	string,
	string,
	string,
	string,
	string,
];
const port = Number(portText);
const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 });

const seen = new Set<number>();
/** The highest number that came in, and the highest one that the other end says it got. */
let highest = -1;
let confirmed = -1;

socket.on('message', (message) => {
	seen.add(message.readInt32BE());
	highest = Math.max(highest, message.readInt32BE());
	confirmed = Math.max(confirmed, message.readInt32BE(4));
});

function received(): Received {
	const runs: Received['runs'] = [];
	for (const number of [...seen].sort((a, b) => a - b)) {
		const run = runs.at(-1);
		if (run !== undefined && run[1] === number - 1) run[1] = number;
		else runs.push([number, number]);
	}
	return { runs };
}

let sent = 0;
let timer: NodeJS.Timeout | undefined;

let held = 0;

/** One number is sent in spite of the limit now and then, as all that were on their way may be lost. */
function sendNext(): void {
	held = sent - confirmed > Number(inFlightText) ? held + 1 : 0;
	if (held % 50 !== 0) return;
	const message = Buffer.alloc(200);
	message.writeInt32BE(sent);
	message.writeInt32BE(highest, 4);
	sent += 1;
	socket.send(message, port, other);
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

const commands: Record<string, () => void> = {
	send: () => {
		timer = setInterval(sendNext, Number(intervalText));
	},
	pause: () => {
		clearInterval(timer);
		print(JSON.stringify({ sent }));
	},
	report: () => print(JSON.stringify(received())),
};

socket.bind(port, own, () => {
	const input = createInterface({ input: process.stdin });
	input.on('line', (line) => commands[line]?.());
	input.on('close', () => process.exit(0));
	print('ready');
});
