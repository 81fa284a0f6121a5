import { inventProduct, inventUuid } from "./invent.ts";

/** A product as the site's API shows it. `price` is in whole rubles, without the site's fee. */
export type Wish = Readonly<{
  id: string;
  externalId: string;
  name: string;
  price: number;
  imageUrl: string;
  isPinned: boolean;
  isUnavailable: boolean;
}>;

export type StreamerOptions = {
  name?: string;
  description?: string;
  /** How many wishes to invent, or the wishes, from the top of the list. */
  items?: number | Partial<Wish>[];
  ownerId?: string;
};

/** One streamer of the sandbox and what is on the list, now. Every change shows in the next answer. */
export type Wishlist = ReturnType<typeof createWishlist>;

/** What is not given is invented, the same each time for the same nickname. */
export function createWishlist(startNickname: string, options: StreamerOptions = {}) {
  const { name = `${startNickname} ✨`, description = `Привет! Я ${startNickname}, стримлю по вечерам.` } = options;
  const ownerId = options.ownerId ?? inventUuid(`owner ${startNickname.toLowerCase()}`);
  let nickname = startNickname;
  let isGone = false;
  let isPrivate = false;
  let invented = 0;
  let wishes: readonly Wish[] = [];
  const names = new Map<string, string>();

  function make(wish: Partial<Wish> = {}): Wish {
    const seed = `${ownerId} ${++invented}`;
    const made = { id: inventUuid(seed), ...inventProduct(seed), isPinned: false, isUnavailable: false, ...wish };
    names.set(made.imageUrl, made.name);
    return made;
  }

  function find(id: string): Wish {
    const wish = wishes.find((wish) => wish.id === id);
    if (wish === undefined) throw new Error(`no wish ${id} on the list of ${nickname}`);
    return wish;
  }

  function change(id: string, changes: Partial<Wish>): void {
    const wish = find(id);
    wishes = wishes.map((other) => (other === wish ? { ...wish, ...changes } : other));
  }

  const wishlist = {
    ownerId,
    name,
    description,
    get nickname() {
      return nickname;
    },
    /** As people share it. */
    get url() {
      return `https://fetta.app/u/${nickname}`;
    },
    get isGone() {
      return isGone;
    },
    get isPrivate() {
      return isPrivate;
    },
    /** What a picture shows that has ever been on the list. */
    pictured: (imageUrl: string): string | undefined => names.get(imageUrl),
    /** From the top of the list. */
    items: (): readonly Wish[] => wishes,
    /** On top. */
    add(wish?: Partial<Wish>): Wish {
      const added = make(wish);
      wishes = [added, ...wishes];
      return added;
    },
    /** On top, the last one uppermost. */
    addMany: (count: number): Wish[] => Array.from({ length: count }, () => wishlist.add()),
    remove(id: string): void {
      const wish = find(id);
      wishes = wishes.filter((other) => other !== wish);
    },
    /** The same product, deleted and added again: under a new id, on top. */
    readd(id: string): Wish {
      const { id: _, ...product } = find(id);
      wishlist.remove(id);
      return wishlist.add(product);
    },
    price(id: string, rubles: number): void {
      change(id, { price: rubles });
    },
    unavailable(id: string, isUnavailable = true): void {
      change(id, { isUnavailable });
    },
    pin(id: string, isPinned = true): void {
      change(id, { isPinned });
    },
    clear(): void {
      wishes = [];
    },
    /** The old nickname is nobody's afterwards; the owner's id stays. */
    rename(newNickname: string): void {
      nickname = newNickname;
    },
    hide(value = true): void {
      isPrivate = value;
    },
    /** The account is deleted. */
    leave(): void {
      isGone = true;
    },
  };

  const { items = 3 } = options;
  wishes = typeof items === "number" ? Array.from({ length: items }, () => make()) : items.map((wish) => make(wish));
  return wishlist;
}
