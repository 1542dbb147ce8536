// A certified OpenID provider (panva/node-oidc-provider) as the authorization server of the integration tests, on TLS
// at a free port of 127.0.0.1.
//   node issuer.mjs FOLDER_WITH_NODE_MODULES FOLDER_OF_KEYS
// AT_TTL is the life of its tokens in seconds. Prints "READY ISSUER". Any login and any password of its login page are
// right, and the login is the subject. GET /asked tells which paths were asked how often since it was last asked.
import crypto from 'node:crypto';
import fs from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [, , modules, keys] = process.argv;
const require = createRequire(join(modules, 'from-here.cjs'));
const { default: Provider, errors } = await import(pathToFileURL(require.resolve('oidc-provider')).href);

const host = '127.0.0.1';
const port = await new Promise((resolve) => {
  const probe = net.createServer().listen(0, host, () => {
    const { port } = probe.address();
    probe.close(() => resolve(port));
  });
});
const issuer = `https://${host}:${port}`;
const ttl = Number(process.env.AT_TTL) || 60;
const read = (name) => fs.readFileSync(join(keys, name), 'utf8');
const signers = JSON.parse(read('keys.jwks.json')).keys;

const machine = {
  grant_types: ['client_credentials'], redirect_uris: [], response_types: [], scope: 'api:read api:write',
};
const person = {
  grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'], application_type: 'native',
  redirect_uris: ['http://127.0.0.1/callback'], // RFC 8252 section 7.3: any port
};
const extension = { redirect_uris: [], response_types: [] };
const privateKey = (alg) => ({
  client_id: `cc-${alg.toLowerCase()}`, token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: alg,
  jwks: { keys: signers.filter(({ kid }) => kid === (alg === 'PS256' ? 'RS256' : alg)) }, ...machine,
});
const clients = [
  { client_id: 'cc-basic', client_secret: 'basic-secret', token_endpoint_auth_method: 'client_secret_basic', ...machine },
  { client_id: 'cc-post', client_secret: 'post-secret', token_endpoint_auth_method: 'client_secret_post', ...machine },
  // RFC 6749 section 2.3.1: both halves of the pair are form-encoded before base64.
  {
    client_id: 'cc:odd/id', client_secret: 'p@ss w+rd%20&=:/?~*', token_endpoint_auth_method: 'client_secret_basic',
    ...machine,
  },
  {
    client_id: 'cc-secret-jwt', client_secret: 'a shared secret of more than 32 bytes',
    token_endpoint_auth_method: 'client_secret_jwt', ...machine,
  },
  ...['ES256', 'RS256', 'PS256', 'EdDSA'].map(privateKey),
  {
    client_id: 'cc-mtls', token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_san_dns: 'cc-mtls.test',
    tls_client_certificate_bound_access_tokens: true, ...machine,
  },
  {
    client_id: 'cc-self-signed', token_endpoint_auth_method: 'self_signed_tls_client_auth',
    jwks: JSON.parse(read('selfsigned.jwks.json')), tls_client_certificate_bound_access_tokens: true, ...machine,
  },
  { client_id: 'cc-dpop', client_secret: 'dpop-secret', dpop_bound_access_tokens: true, ...machine },
  { client_id: 'native', token_endpoint_auth_method: 'none', ...person },
  { client_id: 'web', client_secret: 'web-secret', ...person },
  { client_id: 'pushed', client_secret: 'pushed-secret', require_pushed_authorization_requests: true, ...person },
  { client_id: 'bound', token_endpoint_auth_method: 'none', dpop_bound_access_tokens: true, ...person },
  {
    client_id: 'device', token_endpoint_auth_method: 'none', application_type: 'native',
    grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'], redirect_uris: [], response_types: [],
  },
  { client_id: 'owner', client_secret: 'owner-secret', grant_types: ['password'], ...extension },
  {
    client_id: 'extension', client_secret: 'extension-secret', ...extension,
    grant_types: ['urn:ietf:params:oauth:grant-type:jwt-bearer', 'urn:ietf:params:oauth:grant-type:token-exchange'],
  },
  {
    client_id: 'api', client_secret: 'api-secret', token_endpoint_auth_method: 'client_secret_basic',
    grant_types: [], redirect_uris: [], response_types: [],
  },
];

const certificate = (ctx) => ctx.socket.getPeerX509Certificate?.();
const provider = new Provider(issuer, {
  clients,
  findAccount: async (_ctx, id) => ({ accountId: id, claims: async () => ({ sub: id, email: `${id}@example.test` }) }),
  cookies: { keys: ['not a secret'] },
  scopes: ['openid', 'offline_access', 'api:read', 'api:write'],
  claims: { openid: ['sub'], email: ['email'] },
  pkce: { required: () => true },
  clientAuthMethods: [
    'client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'none', 'tls_client_auth',
    'self_signed_tls_client_auth',
  ],
  enabledJWA: {
    dPoPSigningAlgValues: ['ES256', 'RS256', 'EdDSA'],
    clientAuthSigningAlgValues: ['HS256', 'RS256', 'PS256', 'ES256', 'EdDSA'],
  },
  ttl: {
    AccessToken: ttl, ClientCredentials: ttl, DeviceCode: 60, RefreshToken: 3600, Grant: 3600, IdToken: 60,
    Interaction: 600, Session: 3600, AuthorizationCode: 60,
  },
  rotateRefreshToken: true,
  features: {
    devInteractions: { enabled: true },
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    revocation: { enabled: true, allowedPolicy: () => true },
    pushedAuthorizationRequests: { enabled: true },
    // Every proof needs the server's nonce, so that each process must answer one challenge.
    dPoP: { enabled: true, nonceSecret: crypto.randomBytes(32), requireNonce: () => true },
    mTLS: {
      enabled: true, certificateBoundAccessTokens: true, selfSignedTlsClientAuth: true, tlsClientAuth: true,
      getCertificate: certificate,
      certificateAuthorized: (ctx) => ctx.socket.authorized,
      certificateSubjectMatches: (ctx, property, expected) => property === 'tls_client_auth_san_dns'
        && (certificate(ctx)?.subjectAltName ?? '').split(', ').includes(`DNS:${expected}`),
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: (_ctx, _client, oneOf) => oneOf,
      useGrantedResource: () => true,
      getResourceServerInfo: (_ctx, audience) => ({
        scope: 'api:read api:write', audience, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
});

// Three grants that the library leaves to its host; what surrounds these few lines is the library's.
const give = async (ctx, subject, more = {}) => {
  const { client, params } = ctx.oidc;
  const grant = new provider.Grant({ accountId: subject, clientId: client.clientId });
  grant.addOIDCScope('openid');
  const token = new provider.AccessToken({
    accountId: subject, client, grantId: await grant.save(), gty: params.grant_type, scope: 'openid',
  });
  ctx.body = {
    access_token: await token.save(), expires_in: token.expiration, token_type: 'Bearer', scope: 'openid', ...more,
  };
};
provider.registerGrantType('password', async (ctx) => {
  const { username, password } = ctx.oidc.params;
  if (username !== 'alice' || password !== 'pa ss&+é') throw new errors.InvalidGrant('bad credentials');
  await give(ctx, username);
}, ['username', 'password', 'scope']);
provider.registerGrantType('urn:ietf:params:oauth:grant-type:jwt-bearer', async (ctx) => {
  const [header, claims, signature] = String(ctx.oidc.params.assertion).split('.');
  const parse = (text) => JSON.parse(Buffer.from(text ?? '', 'base64url').toString() || '{}');
  const { alg, kid } = parse(header);
  const jwk = signers.find((key) => key.kid === kid);
  const key = jwk && { key: jwk, format: 'jwk', dsaEncoding: 'ieee-p1363' };
  const right = key && crypto.verify(
    alg === 'EdDSA' ? null : 'sha256', Buffer.from(`${header}.${claims}`), key, Buffer.from(signature ?? '', 'base64url'),
  );
  const { sub, aud, exp, jti } = parse(claims);
  if (!right || !jti || exp <= Date.now() / 1000 || aud !== issuer) throw new errors.InvalidGrant('bad assertion');
  await give(ctx, sub);
}, ['assertion', 'scope']);
provider.registerGrantType('urn:ietf:params:oauth:grant-type:token-exchange', async (ctx) => {
  const { subject_token: subject, subject_token_type: type } = ctx.oidc.params;
  const access = 'urn:ietf:params:oauth:token-type:access_token';
  const token = await provider.AccessToken.find(subject) ?? await provider.ClientCredentials.find(subject);
  if (type !== access || !token) throw new errors.InvalidGrant('bad subject token');
  await give(ctx, token.accountId ?? token.clientId, { issued_token_type: access });
}, ['subject_token', 'subject_token_type', 'requested_token_type', 'audience', 'resource', 'scope'], ['audience', 'resource']);
provider.on('server_error', (_ctx, error) => console.error('server_error', error));

let asked = {};
const answer = provider.callback();
const server = https.createServer({
  key: read('server.key'), cert: read('server.pem'), ca: read('ca.pem'), requestCert: true, rejectUnauthorized: false,
}, (req, res) => {
  const [path] = req.url.split('?');
  if (path === '/asked') {
    res.setHeader('Content-Type', 'application/json');
    res.end(JSON.stringify(asked));
    asked = {};
    return;
  }
  asked[path] = (asked[path] ?? 0) + 1;
  answer(req, res);
});
server.listen(port, host, () => console.log(`READY ${issuer}`));
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    server.closeAllConnections();
    server.close(() => process.exit(0));
  });
}
