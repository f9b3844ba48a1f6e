// A row of tabs that is wider than the screen begins where the tab of this page can be seen.
export function showCurrentTabs() {
  for (const tab of document.querySelectorAll(".tabs [aria-current], .views [aria-current]")) {
    const row = tab.parentElement;
    const [own, around] = [tab.getBoundingClientRect(), row.getBoundingClientRect()];
    row.scrollLeft += own.left + own.width / 2 - around.left - around.width / 2;
  }
}
