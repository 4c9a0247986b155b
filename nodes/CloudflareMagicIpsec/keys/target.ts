import type { CloudflareClient } from '../../api/client';
import type { IpsecTunnel } from '../../api/types';

/** One tunnel whose PSK is to be changed. */
export interface Target {
	itemIndex: number;
	client: CloudflareClient;
	/** The tunnel as it was before the first change. */
	tunnel: IpsecTunnel;
	/** Have Cloudflare check the change and not make it. */
	validateOnly: boolean;
}
