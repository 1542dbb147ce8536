// A certified OpenID provider (panva/node-oidc-provider) as the token issuer of the integration tests. It listens on a
// free port of 127.0.0.1 without TLS; the tests put a counting TLS proxy before it.
//   node issuer.mjs FOLDER_WITH_NODE_MODULES
// AT_TTL is the life of its tokens in seconds. Prints "READY ISSUER".
import http from 'node:http';
import net from 'node:net';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(join(process.argv[2], 'from-here.cjs'));
const { default: Provider, errors } = await import(pathToFileURL(require.resolve('oidc-provider')).href);

const host = '127.0.0.1';
const port = await new Promise((resolve) => {
  const probe = net.createServer().listen(0, host, () => {
    const { port } = probe.address();
    probe.close(() => resolve(port));
  });
});
const issuer = `http://${host}:${port}`;
const ttl = Number(process.env.AT_TTL) || 60;

const machine = {
  grant_types: ['client_credentials'], redirect_uris: [], response_types: [], scope: 'api:read api:write',
};
const clients = [
  { client_id: 'cc-basic', client_secret: 'basic-secret', token_endpoint_auth_method: 'client_secret_basic', ...machine },
  { client_id: 'cc-post', client_secret: 'post-secret', token_endpoint_auth_method: 'client_secret_post', ...machine },
  // RFC 6749 section 2.3.1: both halves of the pair are form-encoded before base64.
  {
    client_id: 'cc:odd/id', client_secret: 'p@ss w+rd%20&=:/?~*', token_endpoint_auth_method: 'client_secret_basic',
    ...machine,
  },
  { client_id: 'owner', client_secret: 'owner-secret', grant_types: ['password'], redirect_uris: [], response_types: [] },
  {
    client_id: 'api', client_secret: 'api-secret', token_endpoint_auth_method: 'client_secret_basic',
    grant_types: [], redirect_uris: [], response_types: [],
  },
];

const provider = new Provider(issuer, {
  clients,
  findAccount: async (_ctx, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
  cookies: { keys: ['not a secret'] },
  scopes: ['openid', 'api:read', 'api:write'],
  clientAuthMethods: ['client_secret_basic', 'client_secret_post'],
  ttl: { AccessToken: ttl, ClientCredentials: ttl, Grant: 3600 },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
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

// The resource owner's password is a grant that the library leaves to its host; what surrounds it is the library's.
provider.registerGrantType('password', async (ctx) => {
  const { client, params } = ctx.oidc;
  if (params.username !== 'alice' || params.password !== 'pa ss&+é') throw new errors.InvalidGrant('bad credentials');
  const grant = new provider.Grant({ accountId: 'alice', clientId: client.clientId });
  grant.addOIDCScope('openid');
  const token = new provider.AccessToken({
    accountId: 'alice', client, grantId: await grant.save(), gty: 'password', scope: 'openid',
  });
  ctx.body = { access_token: await token.save(), expires_in: token.expiration, token_type: 'Bearer', scope: 'openid' };
}, ['username', 'password', 'scope']);
provider.on('server_error', (_ctx, error) => console.error('server_error', error));

const server = http.createServer(provider.callback());
server.listen(port, host, () => console.log(`READY ${issuer}`));
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    server.closeAllConnections();
    server.close(() => process.exit(0));
  });
}
