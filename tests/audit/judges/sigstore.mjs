// Judges checkpoints and inclusion proofs with @sigstore/verify: from a list of cases to a list of verdicts.
import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.argv[2]}/`);
const { verifyCheckpoint } = require("@sigstore/verify/dist/tlog/checkpoint.js");
const { verifyMerkleInclusion } = require("@sigstore/verify/dist/tlog/merkle.js");

function verdict({ name, keyId, publicKey, checkpoint, leaf, index, hashes }) {
  const entry = {
    canonicalizedBody: Buffer.from(leaf, "base64"),
    inclusionProof: {
      logIndex: String(index),
      hashes: hashes.map((hash) => Buffer.from(hash, "base64")),
      checkpoint: { envelope: checkpoint },
    },
  };
  const key = createPublicKey({ key: Buffer.from(publicKey, "base64"), format: "der", type: "spki" });
  const log = { logID: Buffer.from(keyId, "hex"), baseURL: name, publicKey: key };
  try {
    verifyMerkleInclusion(entry, verifyCheckpoint(entry, [log]));
    return "accepted";
  } catch (error) {
    if (error.name !== "VerificationError") throw error;
    return error.message;
  }
}

process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(verdict)));
