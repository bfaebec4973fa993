import { PageHead } from "../page";
import { strings } from "../strings";
import { Mint } from "./mint";
import { Revoke } from "./revoke";

/** Tokens are not listed anywhere: they are minted, and called back. */
export function Tokens() {
  return (
    <>
      <PageHead title={strings.pages.tokens} still />
      <Mint />
      <Revoke />
    </>
  );
}
