"""A CA of a test's own, and what it signs."""

import pathlib
import subprocess


class Authority:
    def __init__(self, folder, name="ca"):
        self._folder, self._name = pathlib.Path(folder), name
        self.certificate = self._folder / f"{name}.pem"
        self._run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", f"/CN={name}",
                  "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign", "-keyout", self._key(name), "-out", self.certificate)

    def _key(self, name):
        return self._folder / f"{name}.key"

    @staticmethod
    def _run(*words):
        subprocess.run(["openssl", *(str(word) for word in words)], check=True, capture_output=True)

    def sign(self, name, *, subject, san, usage, days=10):
        """(certificate, key); negative days make one that has expired."""
        request, certificate, extensions = (self._folder / f"{name}.{end}" for end in ("csr", "pem", "ext"))
        extensions.write_text(f"basicConstraints=CA:FALSE\nsubjectAltName={san}\nextendedKeyUsage={usage}\n")
        self._run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject, "-keyout", self._key(name), "-out", request)
        self._run("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key(self._name), "-CAcreateserial", "-days", days,
                  "-extfile", extensions, "-out", certificate)
        self._key(name).chmod(0o600)
        return certificate, self._key(name)

    def server(self, name="server"):
        return self.sign(name, subject="/CN=localhost", san="DNS:localhost,IP:127.0.0.1", usage="serverAuth")

    def client(self, name, san=None, days=10, usage="clientAuth"):
        return self.sign(name, subject=f"/O=Example/CN={name}", san=san or f"DNS:{name}.example", usage=usage, days=days)
