import type { Part } from '../harness/part';
import { part as credentials } from './credentials';
import { part as database } from './database';
import { part as editor } from './editor';
import { part as operations } from './operations';
import { part as delivery } from './real/delivery';
import { part as hitless } from './real/hitless';
import { part as ike } from './real/ike';
import { part as queue } from './real/queue';
import { part as routerCommand } from './real/routerCommand';
import { part as screenshots } from './screenshots';
import { part as triggers } from './triggers';
import { part as workflows } from './workflows';

/** All parts, in the order in which they run; those in `real/` need servers of their own. */
export const parts: readonly Part[] = [
	credentials,
	operations,
	database,
	triggers,
	workflows,
	queue,
	ike,
	routerCommand,
	hitless,
	delivery,
	editor,
	screenshots,
];
