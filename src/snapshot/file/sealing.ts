import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import type { Seal } from './about.ts';

const tagBytes = 16;

/** Seals the records of one file, each with its place in it, so that none can be left out, moved, or taken from another file. */
export interface Sealing {
  seal(kind: number, index: number, body: Buffer): Buffer;
  /** Null: it was not sealed with this key, in this file, at this place. */
  open(kind: number, index: number, sealed: Buffer): Buffer | null;
}

function derived(key: Buffer, salt: Buffer, purpose: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', key, salt, `haproxy-peer-sync snapshot ${purpose}`, bytes));
}

/** Which key it is. Says nothing of it, and is the same in each file. */
export function keyName(key: Buffer): string {
  return derived(key, Buffer.alloc(0), 'name', 8).toString('hex');
}

/** For a new file: its salt is its own, so each file has a key that no other has. */
export function newSeal(key: Buffer): Seal {
  return { key: keyName(key), salt: randomBytes(32).toString('hex') };
}

function nonceOf(index: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(index, 8);
  return nonce;
}

/** AES-256-GCM with a key of this file alone; `header` is what stands in the file, byte for byte. */
export function createSealing(key: Buffer, { salt }: Seal, header: Buffer): Sealing {
  const secret: KeyObject = createSecretKey(derived(key, Buffer.from(salt, 'hex'), 'file', 32));
  const digest = createHash('sha256').update(header).digest();
  const place = (kind: number, index: number) =>
    Buffer.concat([digest, Buffer.from([kind]), nonceOf(index)]);
  return {
    seal(kind, index, body) {
      const cipher = createCipheriv('aes-256-gcm', secret, nonceOf(index));
      cipher.setAAD(place(kind, index));
      return Buffer.concat([cipher.update(body), cipher.final(), cipher.getAuthTag()]);
    },
    open(kind, index, sealed) {
      if (sealed.length < tagBytes) return null;
      const decipher = createDecipheriv('aes-256-gcm', secret, nonceOf(index));
      decipher.setAAD(place(kind, index));
      decipher.setAuthTag(sealed.subarray(-tagBytes));
      try {
        return Buffer.concat([decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()]);
      } catch {
        return null;
      }
    },
  };
}
