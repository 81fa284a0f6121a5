import type { Source } from "../source.ts";
import { ask } from "./answers.ts";
import { fettaSite } from "./fetta-address.ts";
import { readList } from "./fetta-list.ts";
import { readProfilePage } from "./fetta-page.ts";
import { readProductsPage } from "./fetta-products.ts";

/**
 * fetta.app. Nothing about it is documented: paths, keys and numbering are those that two independent programs, last
 * changed in spring 2026, were seen to use. What no longer fits is reported as `page_changed`, never guessed.
 */
export const fetta: Source = {
  ...fettaSite,

  async find(get, nickname, signal) {
    const page = await ask(get, `/u/${encodeURIComponent(nickname)}`, "html", signal);
    return "outcome" in page ? page : readProfilePage(page);
  },

  look(get, ownerId, { first, known, sweep }, signal) {
    const list = `/api/product/products/public/get?uid=${encodeURIComponent(ownerId)}`;
    return readList(
      async (number) => {
        const page = await ask(get, `${list}&p=${number}`, "json", signal);
        return "outcome" in page ? page : readProductsPage(page);
      },
      { confirm: first, known, sweep },
    );
  },
};
