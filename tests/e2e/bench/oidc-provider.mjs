// The peer: oidc-provider in memory, client credentials, ES256 JWTs as access tokens. Prints its port.
import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';

const { privateKey } = await generateKeyPair('ES256', { extractable: true });
const provider = new Provider('http://127.0.0.1', {
  jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig' }] },
  clients: [{ client_id: 'agent', id_token_signed_response_alg: 'ES256', client_secret: 's3cret-s3cret-s3cret-s3cret-s3cret', grant_types: ['client_credentials'], redirect_uris: [], response_types: [] }],
  features: {
    clientCredentials: { enabled: true },
    resourceIndicators: { enabled: true, defaultResource: () => 'https://sts.example', useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope: '', audience: 'sts.amazonaws.com', accessTokenTTL: 300, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } }) },
  },
});
const server = provider.listen(0, '127.0.0.1', () => console.log(server.address().port));
