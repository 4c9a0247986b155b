import { clock } from '../../nodes/http/clock';
import type { FaultHandle } from '../simulator';

/** Milliseconds after which an unanswered request is given up; the account needs one or two. */
const PATIENCE_MS = 15;

/** Lets the node wait for an answer that never comes for milliseconds, and for every other as ever. */
export function beImpatient() {
	const { deadline } = clock;
	let waiting: AbortController[] = [];
	let timer: NodeJS.Timeout | undefined;
	const giveUp = (those: AbortController[]) => those.forEach((one) => one.abort());
	return {
		/** @param handles faults whose requests are never answered */
		with(handles: FaultHandle[]) {
			if (handles.length === 0) return;
			clock.deadline = () => {
				const one = new AbortController();
				waiting.push(one);
				return one.signal;
			};
			let before = 0;
			timer = setInterval(() => {
				const hits = handles.reduce((sum, handle) => sum + handle.hits, 0);
				if (hits === before) return;
				before = hits;
				// Those that were answered meanwhile take no notice.
				setTimeout(giveUp, PATIENCE_MS, waiting);
				waiting = [];
			}, 2);
		},
		end() {
			clearInterval(timer);
			clock.deadline = deadline;
		},
	};
}
