package sandbox

import "path/filepath"

// The files of the application that signs in without a secret.
const (
	entraCertFile  = "entra.pem"
	entraTokenFile = "entra-token.jwt"
)

func (f *profileFile) entra() {
	entra := func(comment, name string, keys ...any) {
		f.add(comment, name, "entra", append([]any{"authority", f.s.URL("entra"), "tenant", entraTenant, "base_url", f.s.URL("echo")}, keys...)...)
	}
	entra("Microsoft Entra ID in front of the echo API.", "entra",
		"client_id", entraClient, "client_secret", f.secret(entraClient), "scopes", entraScope)
	entra("Microsoft Entra ID: the application signs in with a certificate.", "entra-certificate",
		"client_id", entraClient, "certificate", members{{"file", filepath.Join(f.s.dir, entraCertFile)}}, "scopes", entraScope)
	entra("Microsoft Entra ID: the application signs in with a token that another issuer keeps in a file.", "entra-federated",
		"client_id", entraClient, "federated_token_file", filepath.Join(f.s.dir, entraTokenFile), "scopes", entraScope)
	entra("Microsoft Entra ID: a person's browser, authctl login -p entra-login.", "entra-login",
		"grant", "authorization_code", "client_id", entraPublicClient, "scopes", "openid offline_access "+personScope)
	entra("Microsoft Entra ID: a person's other device, authctl login -p entra-device.", "entra-device",
		"grant", "device_code", "client_id", entraPublicClient, "scopes", "openid offline_access "+personScope)
	f.add("A machine of Azure: run it with AZURE_POD_IDENTITY_AUTHORITY_HOST=$SANDBOX_AZURE_URL.", "azure-machine", "entra",
		"managed_identity", "system", "scopes", entraScope, "base_url", f.s.URL("echo"))
	f.add("A machine of Azure: an identity that it has besides its own.", "azure-identity", "entra",
		"managed_identity", members{{"client_id", machineIdentity}}, "scopes", entraScope, "base_url", f.s.URL("echo"))
}

const personScope = "api://sandbox.example.com/things.read"
