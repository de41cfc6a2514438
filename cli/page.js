'use strict';
// A click on a column's head sorts its table by it; a second one the other way round.
document.querySelectorAll('table.sortable').forEach(function (table) {
  var heads = table.tHead.rows[0].cells;
  function value(row, column) {
    var cell = row.cells[column];
    return cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value);
  }
  function sort(column) {
    var head = heads[column];
    var down = head.getAttribute('aria-sort') === 'ascending';
    var rows = Array.from(table.tBodies[0].rows);
    rows.sort(function (a, b) {
      var x = value(a, column), y = value(b, column);
      var order = typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y));
      return down ? -order : order;
    });
    Array.from(heads).forEach(function (other) { other.removeAttribute('aria-sort'); });
    head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    rows.forEach(function (row) { table.tBodies[0].appendChild(row); });
  }
  Array.from(heads).forEach(function (head, column) {
    var button = document.createElement('button');
    button.type = 'button';
    while (head.firstChild) button.appendChild(head.firstChild);
    head.appendChild(button);
    button.addEventListener('click', function () { sort(column); });
  });
});
