#!/bin/sh
# Makes every file of this folder anew; see README.md.
set -eu
scratch=$(mktemp -d)
trap 'rm -r "$scratch"' EXIT
touch "$scratch/index.txt"
cat > "$scratch/ca.cnf" <<CONFIG
[ca]
default_ca = tests
[tests]
database = $scratch/index.txt
new_certs_dir = $scratch
default_md = sha256
rand_serial = yes
policy = names
[names]
organizationName = supplied
commonName = supplied
CONFIG

issue() { # name, common name, extensions, further options
  name=$1 common_name=$2 extensions=$3
  shift 3
  openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$name.key"
  openssl req -new -key "$name.key" -subj "/O=Waremind tests/CN=$common_name" -out "$scratch/$name.csr"
  printf '%s\n' "$extensions" > "$scratch/$name.ext"
  openssl ca -batch -notext -config "$scratch/ca.cnf" -startdate 20200101000000Z -enddate 21200101000000Z \
    -in "$scratch/$name.csr" -extfile "$scratch/$name.ext" -out "$name.pem" "$@"
}
issue issuer "Test issuer" "basicConstraints=critical,CA:TRUE" -selfsign -keyfile issuer.key
issue server localhost "subjectAltName=DNS:localhost,IP:127.0.0.1" -cert issuer.pem -keyfile issuer.key
issue device device-3 "extendedKeyUsage=clientAuth" -cert issuer.pem -keyfile issuer.key
