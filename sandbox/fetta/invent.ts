import { createHash } from "node:crypto";

/** Made-up goods, the same each time for the same seed. */
export function inventProduct(seed: string): { externalId: string; name: string; price: number; imageUrl: string } {
  const pick = digits(seed);
  const externalId = String(100_000_000 + pick(900_000_000));
  const name = `${things[pick(things.length)]} ${makers[pick(makers.length)]} ${1 + pick(99)}`;
  // Prices crowd at the low end, as they do on real lists.
  const price = 90 + pick(10) ** 4 + pick(2_000);
  const picture = `https://cdn1.ozone.ru/s3/multimedia-${"abcdef"[pick(6)]}/${7_000_000_000 + pick(900_000_000)}.jpg?w=400`;
  return { externalId, name, price, imageUrl: picture };
}

/** A UUID, the same each time for the same seed. */
export function inventUuid(seed: string): string {
  const hex = createHash("sha256").update(seed).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Numbers below a limit, one after another. */
function digits(seed: string): (limit: number) => number {
  let state = createHash("sha256").update(seed).digest().readUInt32LE();
  return (limit) => {
    // Mulberry32.
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

const things = [
  "Нитки для вышивания",
  "Механическая клавиатура",
  "Кружка керамическая",
  "Настольная лампа",
  "Плед вязаный",
  "Набор кистей",
  "Микрофон студийный",
  "Корм для кошек",
  "Кольцевой свет",
  "Графический планшет",
  "Чай листовой",
  "Пазл 1000 деталей",
  "Кресло компьютерное",
  "Веб-камера",
  "Мягкая игрушка",
  "Ковёр в комнату",
  "Наушники полноразмерные",
  "Набор акварели",
];
const makers = ["Lumo", "Берёзка", "Kivra", "Norda", "Ромашка", "Teko", "Pixel & Co", "Сова", "Amberly", "Gusto"];
