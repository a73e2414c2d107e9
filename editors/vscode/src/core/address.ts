// Where the endpoint listens. Only this machine: the token and the text around the cursor go there.

export class AddressError extends Error {}

export interface Address {
    readonly host: string; // as it is connected to: 127.0.0.1, ::1
    readonly port: number;
    readonly url: string; // http://HOST:PORT, without a slash at the end
}

export function parseAddress(text: string): Address {
    let url: URL;
    try {
        url = new URL(text);
    } catch {
        throw new AddressError(`edgecoder.url is not a URL: ${JSON.stringify(text)}`);
    }
    if (url.protocol !== 'http:') throw new AddressError('edgecoder.url must begin with http://, as the endpoint is on this machine');
    if (url.username !== '' || url.password !== '') throw new AddressError('edgecoder.url must not hold a name or password');
    if (url.pathname !== '/' || url.search !== '' || url.hash !== '') throw new AddressError('edgecoder.url must be http://HOST:PORT alone');
    // The name is not asked of a resolver: what it says could lead away from this machine.
    const host = url.hostname === 'localhost' ? '127.0.0.1' : url.hostname.replace(/^\[|\]$/g, '');
    if (host !== '::1' && !/^127(\.\d{1,3}){3}$/.test(host)) {
        throw new AddressError(`edgecoder.url must lead to this machine (127.0.0.1 or ::1), not to ${url.hostname}`);
    }
    const port = url.port === '' ? 80 : Number(url.port);
    return { host, port, url: `http://${host === '::1' ? '[::1]' : host}:${port}` };
}
